// The source of a pipeline: documents from text and JSONL files, streamed, with progress, counts and a policy for bad input.
import { byteChunks } from "./byteChunks.ts";
import { decodeText, type InvalidUtf8Policy } from "./decodeText.ts";
import type { Document } from "./document.ts";
import { DataError, type FilePlace, FormatError } from "./errors.ts";
import { findInputFiles, type InputFile, type TextFormat } from "./inputFiles.ts";
import { parseRecord } from "./jsonlRecords.ts";
import { type Line, LineSplitter } from "./lineSplitter.ts";

const mebibyte = 1 << 20;
const problemsKept = 20;

/** Bytes taken from the disk so far, of all files' bytes on disk (compressed size for gzip). */
export interface ReadProgress {
  readonly bytesRead: number;
  readonly totalBytes: number;
}

/** Options of `readDocuments`. */
export interface ReadOptions {
  /** Field of a JSONL record that holds the text. Default `"text"`. */
  readonly textField?: string;
  /** Field of a JSONL record that holds the document's id. Default `"id"`. */
  readonly idField?: string;
  /** Format of every file, for names that do not tell it. Default: from the name (`.txt .md .jsonl .ndjson`, also `.gz`). */
  readonly format?: TextFormat;
  /**
   * Cuts text files into documents of at least this many bytes, each ending at a blank line (or, where none comes
   * before twice the size, at a line end). Line ends become `\n`. Default: a text file is one document.
   */
  readonly textDocumentBytes?: number;
  /** Longest line of a JSONL file, or of a text file being cut, in bytes. Default 64 MiB. */
  readonly maxLineBytes?: number;
  /** Largest text file taken as one document, in bytes. Default 64 MiB. */
  readonly maxDocumentBytes?: number;
  /** A bad file or record stops the reading, or is skipped and counted in the report. Default `"error"`. */
  readonly badInput?: "error" | "skip";
  /** What to do with invalid UTF-8; whatever it is, the report counts it. Default `"error"`. */
  readonly invalidUtf8?: InvalidUtf8Policy;
  /** Called after each piece taken from the disk (up to 1 MiB). */
  readonly onProgress?: (progress: ReadProgress) => void;
  /** Stops the reading with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What a reading has met so far. */
export interface SourceReport {
  readonly files: number;
  readonly documents: number;
  readonly bytesRead: number;
  readonly totalBytes: number;
  /** Skipped files and records by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Documents in which invalid UTF-8 was replaced by U+FFFD. */
  readonly replacedUtf8: number;
  /** The messages of the first 20 problems that were passed over, each naming its file and place. */
  readonly problems: readonly string[];
}

/** Documents that can be read again and again; `report()` tells of the latest reading. */
export interface DocumentSource extends AsyncIterable<Document> {
  report(): SourceReport;
}

/**
 * Reads documents from files, folders (recursive) or glob patterns. A `.txt` or `.md` file is one document (see
 * `textDocumentBytes`); a `.jsonl` or `.ndjson` file holds one a line; each may be gzip. Files come in the order given,
 * those of a folder or pattern sorted by path. Nothing is opened before the first document is asked for, and a file is
 * read no faster than its documents are taken.
 *
 * While documents are taken it throws: FileError for a path that cannot be read; FormatError, naming file and line or
 * byte, for bad JSON, a record without text, invalid UTF-8, binary data, a line or file above its limit, or a truncated
 * gzip (unless skipped by policy; of a truncated gzip, up to the last few hundred kilobytes before the cut may be
 * skipped with it).
 *
 * @example
 * for await (const document of readDocuments("corpus/")) console.log(document.id, document.text.length);
 */
export function readDocuments(path: string | readonly string[], options: ReadOptions = {}): DocumentSource {
  checkLimits(options);
  let reading = new Reading(options);
  return {
    report: () => reading.report(),
    async *[Symbol.asyncIterator]() {
      reading = new Reading(options);
      yield* reading.documents(typeof path === "string" ? [path] : path);
    },
  };
}

function checkLimits(options: ReadOptions): void {
  for (const name of ["textDocumentBytes", "maxLineBytes", "maxDocumentBytes"] as const) {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && value > 0)) continue;
    throw new DataError(`readDocuments: ${name}: expected a whole number of bytes above 0, got ${value}`);
  }
}

/** One pass over the files. */
class Reading {
  readonly #options: ReadOptions;
  readonly #skipped: Record<string, number> = {};
  readonly #problems: string[] = [];
  #files = 0;
  #documents = 0;
  #bytesRead = 0;
  #totalBytes = 0;
  #replacedUtf8 = 0;

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  report(): SourceReport {
    return {
      files: this.#files,
      documents: this.#documents,
      bytesRead: this.#bytesRead,
      totalBytes: this.#totalBytes,
      skipped: { ...this.#skipped },
      replacedUtf8: this.#replacedUtf8,
      problems: [...this.#problems],
    };
  }

  async *documents(paths: readonly string[]): AsyncGenerator<Document> {
    const files = await findInputFiles(paths, this.#options.format);
    this.#totalBytes = files.reduce((total, file) => total + file.size, 0);
    for (const file of files) {
      try {
        for await (const document of this.#fileDocuments(file)) {
          this.#options.signal?.throwIfAborted();
          this.#documents += 1;
          yield document;
        }
      } catch (error) {
        this.#skipOrThrow(error);
      }
      this.#files += 1;
    }
  }

  #fileDocuments(file: InputFile): AsyncGenerator<Document> {
    if (file.format === "jsonl") return this.#recordsOf(file);
    const size = this.#options.textDocumentBytes;
    return size === undefined ? this.#wholeText(file) : this.#textPieces(file, size);
  }

  async *#wholeText(file: InputFile): AsyncGenerator<Document> {
    const limit = this.#options.maxDocumentBytes ?? 64 * mebibyte;
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of this.#chunks(file)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit) {
        const detail = `the file holds more than ${limit} bytes, the limit for one document (set textDocumentBytes to cut it at blank lines, or raise maxDocumentBytes)`;
        throw new FormatError({ file: file.path }, "text too long", detail);
      }
    }
    const text = this.#decode(Buffer.concat(chunks), { file: file.path });
    if (text !== undefined) yield { id: file.path, text };
  }

  async *#textPieces(file: InputFile, size: number): AsyncGenerator<Document> {
    let lines: Buffer[] = [];
    let length = 0;
    let offset = 0;
    let piece = 0;
    const take = (): Document | undefined => {
      const text = this.#decode(Buffer.concat(lines).subarray(0, -1), { file: file.path, offset });
      lines = [];
      length = 0;
      piece += 1;
      return text === undefined ? undefined : { id: `${file.path}#${piece}`, text };
    };
    for await (const line of this.#lines(file)) {
      if (length === 0) offset = line.offset;
      const bytes = line.bytes ?? failOnLongLine(file, line);
      lines.push(bytes, Buffer.from("\n"));
      length += bytes.length + 1;
      if (length >= 2 * size || (length >= size && bytes.toString("latin1").trim() === "")) {
        const document = take();
        if (document) yield document;
      }
    }
    const rest = length > 0 ? take() : undefined;
    if (rest) yield rest;
  }

  async *#recordsOf(file: InputFile): AsyncGenerator<Document> {
    const fields = { textField: this.#options.textField ?? "text", idField: this.#options.idField ?? "id" };
    for await (const line of this.#lines(file)) {
      try {
        const bytes = line.bytes ?? failOnLongLine(file, line);
        const text = this.#decode(bytes, { file: file.path, line: line.number, offset: line.offset });
        if (text === undefined || text.trim() === "") continue;
        yield parseRecord(text, file.path, line.number, fields);
      } catch (error) {
        this.#skipOrThrow(error);
      }
    }
  }

  async *#lines(file: InputFile): AsyncGenerator<Line> {
    const splitter = new LineSplitter(this.#options.maxLineBytes ?? 64 * mebibyte);
    for await (const chunk of this.#chunks(file)) yield* splitter.push(chunk);
    yield* splitter.end();
  }

  #chunks(file: InputFile): AsyncGenerator<Buffer> {
    const count = (bytes: number): void => {
      this.#bytesRead += bytes;
      this.#options.onProgress?.({ bytesRead: this.#bytesRead, totalBytes: this.#totalBytes });
    };
    return byteChunks(file, count, this.#options.signal);
  }

  /** The text, or undefined where invalid UTF-8 is to be skipped. */
  #decode(bytes: Buffer, place: FilePlace): string | undefined {
    const policy = this.#options.invalidUtf8 ?? "error";
    try {
      const { text, replaced } = decodeText(bytes, place, policy === "replace");
      if (replaced) this.#replacedUtf8 += 1;
      return text;
    } catch (error) {
      if (!(error instanceof FormatError) || error.reason !== "invalid UTF-8" || policy !== "skip") throw error;
      this.#countProblem(error);
      return undefined;
    }
  }

  #skipOrThrow(error: unknown): void {
    const invalidUtf8 = error instanceof FormatError && error.reason === "invalid UTF-8";
    if (this.#options.badInput !== "skip" || !(error instanceof FormatError) || invalidUtf8) throw error;
    this.#countProblem(error);
  }

  #countProblem(error: FormatError): void {
    this.#skipped[error.reason] = (this.#skipped[error.reason] ?? 0) + 1;
    if (this.#problems.length < problemsKept) this.#problems.push(error.message);
  }
}

function failOnLongLine(file: InputFile, line: Line): never {
  const detail = `the line holds ${line.length} bytes, more than maxLineBytes allows (is it JSONL? raise maxLineBytes, or set badInput: "skip")`;
  throw new FormatError({ file: file.path, line: line.number, offset: line.offset }, "line too long", detail);
}
