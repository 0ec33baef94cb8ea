// One pass over input files: what has been read, what was passed over, and where it stands, so that it can be taken up again.
import { byteChunks } from "../byteChunks.ts";
import { decodeText } from "../decodeText.ts";
import type { Document } from "../document.ts";
import { DataError, type FilePlace, FormatError } from "../errors.ts";
import type { Input, InputFile } from "../inputFile.ts";
import { findInputFiles } from "../inputFiles.ts";
import type { ByteSource } from "./byteSource.ts";
import type { CompressedPlace } from "./decompression.ts";
import type { DocumentFormat } from "./documentFormat.ts";
import { documentReaders } from "./documentReaders.ts";
import type { Checkpoint, ReadingContext, ReadOptions } from "./readOptions.ts";
import { isTranscoded, transcode } from "./transcode.ts";

const problemsKept = 20;
const maxNesting = 4;

/** What a reading has met so far. */
export interface SourceReport {
  readonly files: number;
  readonly documents: number;
  readonly bytesRead: number;
  readonly totalBytes: number;
  /** Skipped files and records by reason: faults of the input. */
  readonly skipped: Readonly<Record<string, number>>;
  /** What a format leaves out on purpose (generated code, files of unknown kind in an archive), by reason. */
  readonly passedOver: Readonly<Record<string, number>>;
  /** Documents in which invalid UTF-8 was replaced by U+FFFD. */
  readonly replacedUtf8: number;
  /** The messages of the first 20 problems that were skipped, each naming its file and place. */
  readonly problems: readonly string[];
}

/** Where a reading stands: after the last document that was taken. Plain JSON, for a file beside the work it resumes. */
export interface SourcePosition {
  /** Files that were read to their end. */
  readonly files: number;
  /** The file at hand; where none is, the reading stands between files. */
  readonly file?: string;
  /** A place within the file from which its format can start, where it has any. */
  readonly checkpoint?: Checkpoint;
  /** Documents taken after the checkpoint, or from the file's start. */
  readonly documents: number;
}

/** One pass over the files. */
export class Reading {
  readonly options: ReadOptions;
  readonly #skipped: Record<string, number> = {};
  readonly #passedOver: Record<string, number> = {};
  readonly #problems: string[] = [];
  #position: SourcePosition;
  #documents = 0;
  #bytesRead = 0;
  #totalBytes = 0;
  #replacedUtf8 = 0;
  /** Documents still to be passed over until the place is reached from which the reading goes on. */
  #repeated = 0;

  constructor(options: ReadOptions, from: SourcePosition) {
    this.options = options;
    this.#position = from;
  }

  report(): SourceReport {
    return {
      files: this.#position.files,
      documents: this.#documents,
      bytesRead: this.#bytesRead,
      totalBytes: this.#totalBytes,
      skipped: { ...this.#skipped },
      passedOver: { ...this.#passedOver },
      replacedUtf8: this.#replacedUtf8,
      problems: [...this.#problems],
    };
  }

  position(): SourcePosition {
    return this.#position;
  }

  async *documents(inputs: readonly Input[]): AsyncGenerator<Document> {
    const files = await findInputFiles(inputs, this.options);
    const from = this.#position;
    checkPosition(from, files);
    this.#totalBytes = files.reduce((total, file) => total + (file.size ?? 0), 0);
    this.#bytesRead = files.slice(0, from.files).reduce((total, file) => total + (file.size ?? 0), 0);
    for (const [index, file] of files.entries()) {
      if (index < from.files) continue;
      const start = index === from.files ? from.checkpoint : undefined;
      this.#repeated = index === from.files ? from.documents : 0;
      this.#position = {
        files: index,
        file: file.path,
        documents: this.#repeated,
        ...(start && { checkpoint: start }),
      };
      try {
        for await (const document of documentReaders[file.format](file, new FileContext(this, start))) {
          this.options.signal?.throwIfAborted();
          if (this.#repeated > 0) {
            this.#repeated -= 1;
            continue;
          }
          this.#documents += 1;
          this.#position = { ...this.#position, documents: this.#position.documents + 1 };
          yield document;
        }
      } catch (error) {
        this.skipOrThrow(error);
      }
      if (this.#repeated > 0) throw passedEnd(file, from.documents - this.#repeated, from.documents);
      this.#position = { files: index + 1, documents: 0 };
    }
  }

  /** The format can start from `checkpoint`: what is read from here on counts from there. */
  checkpoint(checkpoint: Checkpoint): void {
    if (this.#repeated > 0) return;
    this.#position = { ...this.#position, checkpoint, documents: 0 };
  }

  /** The file's bytes; its size joins the total where it was not known before. */
  async open(file: InputFile): Promise<ByteSource> {
    const source = await file.open(this.options.signal);
    if (file.size === undefined) this.#totalBytes += source.size ?? 0;
    return source;
  }

  advance(bytes: number): void {
    this.#bytesRead += bytes;
    this.options.onProgress?.({ bytesRead: this.#bytesRead, totalBytes: this.#totalBytes });
  }

  countReplaced(): void {
    if (this.#repeated === 0) this.#replacedUtf8 += 1;
  }

  skipOrThrow(error: unknown): void {
    // What is not to be skipped although bad input is.
    const invalidUtf8 =
      this.options.invalidUtf8 === "error" && error instanceof FormatError && error.reason === "invalid UTF-8";
    if (this.options.badInput !== "skip" || !(error instanceof FormatError) || invalidUtf8) throw error;
    this.count(error);
  }

  count(error: FormatError): void {
    if (this.#repeated > 0) return;
    this.#skipped[error.reason] = (this.#skipped[error.reason] ?? 0) + 1;
    if (this.#problems.length < problemsKept) this.#problems.push(error.message);
  }

  passOver(reason: string): void {
    if (this.#repeated === 0) this.#passedOver[reason] = (this.#passedOver[reason] ?? 0) + 1;
  }
}

function checkPosition({ files: done, file }: SourcePosition, files: readonly InputFile[]): void {
  const found = files[done]?.path;
  if (done <= files.length && (file === undefined || file === found)) return;
  throw new DataError(
    `readDocuments: the position lies in file ${done + 1}, ${file ?? "after all others"}, but ${found ?? "nothing"} stands there now (read the same inputs as when it was saved)`,
  );
}

function passedEnd(file: InputFile, found: number, taken: number): DataError {
  return new DataError(
    `${file.path}: the position lies after ${taken} documents, but the file gives only ${found} now (has it changed, or an option?)`,
  );
}

/** Where decompression was when the checkpoint was set. */
function placeOf(checkpoint: Checkpoint | undefined): CompressedPlace | undefined {
  const { storedOffset, textOffset } = checkpoint ?? {};
  return storedOffset === undefined || textOffset === undefined
    ? undefined
    : { ...checkpoint, storedOffset, textOffset };
}

/** What the reader of one file's format works with. */
class FileContext implements ReadingContext {
  readonly start: Checkpoint | undefined;
  readonly #reading: Reading;
  /** How many archives the file lies in. Bytes within an archive were counted when they were taken from it. */
  readonly #depth: number;
  readonly #setsCheckpoints: boolean;
  /** Where a compressed file can be taken up: the last place before the checkpoint at hand, and those behind it. */
  readonly #places: CompressedPlace[] = [];

  constructor(reading: Reading, start: Checkpoint | undefined, depth = 0, setsCheckpoints = depth === 0) {
    this.#reading = reading;
    this.start = start;
    this.#depth = depth;
    this.#setsCheckpoints = setsCheckpoints;
  }

  get options(): ReadOptions {
    return this.#reading.options;
  }

  nested(): ReadingContext {
    return new FileContext(this.#reading, undefined, this.#depth + 1);
  }

  nestedDocuments(file: InputFile): AsyncIterable<Document> {
    if (this.#depth < maxNesting) return documentReaders[file.format](file, this.nested());
    const detail = `archives within archives, more than ${maxNesting} deep (unpack it, if you trust it)`;
    throw new FormatError({ file: file.path }, "nested too deep", detail);
  }

  documentsAs(file: InputFile, format: DocumentFormat): AsyncIterable<Document> {
    return documentReaders[format]({ ...file, format }, new FileContext(this.#reading, undefined, this.#depth, false));
  }

  checkpoint(checkpoint: Checkpoint): void {
    if (!this.#setsCheckpoints) return;
    const { offset = 0 } = checkpoint;
    while ((this.#places[1]?.textOffset ?? Number.POSITIVE_INFINITY) <= offset) this.#places.shift();
    this.#reading.checkpoint({ ...checkpoint, ...this.#places[0] });
  }

  open(file: InputFile): Promise<ByteSource> {
    return this.#reading.open(file);
  }

  async *chunks(file: InputFile, start?: number): AsyncGenerator<Buffer> {
    const from = placeOf(this.start);
    if (start !== undefined) this.advance(file.compression === "none" ? start : (from?.storedOffset ?? 0));
    yield* byteChunks(file, await this.open(file), {
      onBytes: (bytes) => this.advance(bytes),
      maxExpansion: this.options.maxExpansion ?? 200,
      start: start ?? 0,
      from,
      // Only setting checkpoints takes places off again.
      onPlace: start !== undefined && this.canSeek() ? (place) => this.#places.push(place) : undefined,
      signal: this.options.signal,
    });
  }

  textChunks(file: InputFile, start?: number): AsyncGenerator<Buffer> {
    const { encoding, invalidUtf8 } = this.options;
    const chunks = this.chunks(file, start);
    return isTranscoded(encoding) ? transcode(chunks, encoding, file.path, invalidUtf8 === "replace") : chunks;
  }

  canSeek(): boolean {
    return this.#setsCheckpoints && !isTranscoded(this.options.encoding);
  }

  advance(bytes: number): void {
    if (this.#depth === 0) this.#reading.advance(bytes);
  }

  decode(bytes: Buffer, place: FilePlace): string | undefined {
    const policy = this.options.invalidUtf8 ?? this.options.badInput ?? "error";
    try {
      const { text, replaced } = decodeText(bytes, place, policy === "replace");
      if (replaced) this.#reading.countReplaced();
      return text;
    } catch (error) {
      if (!(error instanceof FormatError) || error.reason !== "invalid UTF-8" || policy !== "skip") throw error;
      this.count(error);
      return undefined;
    }
  }

  skipOrThrow(error: unknown): void {
    this.#reading.skipOrThrow(error);
  }

  count(error: FormatError): void {
    this.#reading.count(error);
  }

  passOver(reason: string): void {
    this.#reading.passOver(reason);
  }
}
