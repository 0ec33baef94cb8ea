// The options of a reading, and what the reading lends to the reader of each format.
import type { InvalidUtf8Policy } from "../decodeText.ts";
import type { FilePlace, FormatError } from "../errors.ts";
import type { DocumentFormat, InputFile } from "../inputFiles.ts";
import type { HttpOptions } from "./httpSource.ts";

export const mebibyte = 1 << 20;

/** Bytes taken from the disk or the network so far, of all files' bytes there (compressed size for compressed files). */
export interface ReadProgress {
  readonly bytesRead: number;
  /** A file whose server does not tell its size counts as 0. */
  readonly totalBytes: number;
}

/** Options of `readDocuments`. */
export interface ReadOptions {
  /** Field of a JSONL record, or column of a CSV or Parquet table, that holds the text. Default `"text"`. */
  readonly textField?: string;
  /** Field or column that holds the document's id. Default `"id"`. */
  readonly idField?: string;
  /** Format of every file, for names that do not tell it. Default: from the name. */
  readonly format?: DocumentFormat;
  /**
   * Cuts text files into documents of at least this many bytes, each ending at a blank line (or, where none comes
   * before twice the size, at a line end). Line ends become `\n`. Default: a text file is one document.
   */
  readonly textDocumentBytes?: number;
  /** Longest line of a JSONL file or of a text file being cut, and longest row of a CSV file, in bytes. Default 64 MiB. */
  readonly maxLineBytes?: number;
  /** Largest text file, WARC record or wiki page taken as one document, in bytes. Default 64 MiB. */
  readonly maxDocumentBytes?: number;
  /**
   * How many times its compressed size a file may decompress to, beyond the first 64 MiB. Text shrinks to a half or
   * a tenth; a decompression bomb to a thousandth and less. Default 200.
   */
  readonly maxExpansion?: number;
  /** Subsets of The Pile to take, by `meta.pile_set_name`, for the format `"pile"`. Default: all. */
  readonly pileSubsets?: readonly string[];
  /** Namespaces of a wiki dump to take. Default `[0]`, the articles. */
  readonly wikiNamespaces?: readonly number[];
  /** How files are fetched when the path is an HTTP address. */
  readonly http?: HttpOptions;
  /** A bad file or record stops the reading, or is skipped and counted in the report. Default `"error"`. */
  readonly badInput?: "error" | "skip";
  /** What to do with invalid UTF-8; whatever it is, the report counts it. Default `"error"`. */
  readonly invalidUtf8?: InvalidUtf8Policy;
  /** Called after each piece taken from the disk or the network (a row group of Parquet, otherwise up to 1 MiB). */
  readonly onProgress?: (progress: ReadProgress) => void;
  /** Stops the reading with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What one pass over the files lends to the reader of a format. */
export interface ReadingContext {
  readonly options: ReadOptions;
  /** The file's bytes, decompressed and counted. */
  chunks(file: InputFile): AsyncGenerator<Buffer>;
  /** Counts bytes that were taken otherwise than through `chunks`. */
  advance(bytes: number): void;
  /** The text, or undefined where invalid UTF-8 is to be skipped. */
  decode(bytes: Buffer, place: FilePlace): string | undefined;
  /** Counts the fault where bad input is skipped; throws it otherwise. */
  skipOrThrow(error: unknown): void;
  /** Counts the fault, whatever the policy. */
  count(error: FormatError): void;
}
