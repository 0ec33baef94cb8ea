// The source of a pipeline: documents from files of every known format, streamed, with progress, counts and a policy for bad input.
import { byteChunks } from "./byteChunks.ts";
import { decodeText } from "./decodeText.ts";
import type { Document } from "./document.ts";
import { DataError, type FilePlace, FormatError } from "./errors.ts";
import { type DocumentFormat, findInputFiles, type InputFile } from "./inputFiles.ts";
import { csvDocuments } from "./sources/csvDocuments.ts";
import { jsonlDocuments } from "./sources/jsonlDocuments.ts";
import { parquetDocuments } from "./sources/parquetDocuments.ts";
import { checkPileSubsets, pileDocuments } from "./sources/pileDocuments.ts";
import type { ReadingContext, ReadOptions } from "./sources/readOptions.ts";
import { textDocuments } from "./sources/textDocuments.ts";
import { warcDocuments } from "./sources/warcDocuments.ts";
import { wikipediaDocuments } from "./sources/wikipediaDocuments.ts";

type FormatReader = (file: InputFile, context: ReadingContext) => AsyncIterable<Document>;

const readers: Readonly<Record<DocumentFormat, FormatReader>> = {
  text: textDocuments,
  jsonl: jsonlDocuments,
  csv: csvDocuments,
  tsv: csvDocuments,
  parquet: parquetDocuments,
  warc: warcDocuments,
  wikipedia: wikipediaDocuments,
  pile: pileDocuments,
};

const problemsKept = 20;

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
  for (const name of ["textDocumentBytes", "maxLineBytes", "maxDocumentBytes", "maxExpansion"] as const) {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && value > 0)) continue;
    throw new DataError(`readDocuments: ${name}: expected a whole number above 0, got ${value}`);
  }
  checkPileSubsets(options.pileSubsets);
}

/** One pass over the files. */
class Reading implements ReadingContext {
  readonly options: ReadOptions;
  readonly #skipped: Record<string, number> = {};
  readonly #problems: string[] = [];
  #files = 0;
  #documents = 0;
  #bytesRead = 0;
  #totalBytes = 0;
  #replacedUtf8 = 0;

  constructor(options: ReadOptions) {
    this.options = options;
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
    const files = await findInputFiles(paths, this.options);
    this.#totalBytes = files.reduce((total, file) => total + (file.source.size ?? 0), 0);
    for (const file of files) {
      try {
        for await (const document of readers[file.format](file, this)) {
          this.options.signal?.throwIfAborted();
          this.#documents += 1;
          yield document;
        }
      } catch (error) {
        this.skipOrThrow(error);
      }
      this.#files += 1;
    }
  }

  chunks(file: InputFile): AsyncGenerator<Buffer> {
    return byteChunks(file, {
      onBytes: (bytes) => this.advance(bytes),
      maxExpansion: this.options.maxExpansion ?? 200,
      signal: this.options.signal,
    });
  }

  advance(bytes: number): void {
    this.#bytesRead += bytes;
    this.options.onProgress?.({ bytesRead: this.#bytesRead, totalBytes: this.#totalBytes });
  }

  decode(bytes: Buffer, place: FilePlace): string | undefined {
    const policy = this.options.invalidUtf8 ?? "error";
    try {
      const { text, replaced } = decodeText(bytes, place, policy === "replace");
      if (replaced) this.#replacedUtf8 += 1;
      return text;
    } catch (error) {
      if (!(error instanceof FormatError) || error.reason !== "invalid UTF-8" || policy !== "skip") throw error;
      this.count(error);
      return undefined;
    }
  }

  skipOrThrow(error: unknown): void {
    const invalidUtf8 = error instanceof FormatError && error.reason === "invalid UTF-8";
    if (this.options.badInput !== "skip" || !(error instanceof FormatError) || invalidUtf8) throw error;
    this.count(error);
  }

  count(error: FormatError): void {
    this.#skipped[error.reason] = (this.#skipped[error.reason] ?? 0) + 1;
    if (this.#problems.length < problemsKept) this.#problems.push(error.message);
  }
}
