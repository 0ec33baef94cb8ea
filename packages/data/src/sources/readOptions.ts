// The options of a reading, and what the reading lends to the reader of each format.
import type { InvalidUtf8Policy } from "../decodeText.ts";
import type { Document } from "../document.ts";
import type { FilePlace, FormatError } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import type { ByteSource } from "./byteSource.ts";
import type { CsvOptions } from "./csvDocuments.ts";
import type { DocumentFormat } from "./documentFormat.ts";
import type { HttpOptions } from "./httpConnection.ts";
import type { HubOptions } from "./hubFiles.ts";
import type { RepositoryOptions } from "./repositoryDocuments.ts";
import type { S3Options } from "./s3Files.ts";
import type { TicketOptions } from "./ticketDocuments.ts";

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
   * Encoding of text, JSON lines, tables and LaTeX: a label of the Encoding standard, such as `"windows-1252"` or
   * `"utf-16le"`. HTML and web archives say it themselves. Default `"utf-8"`.
   */
  readonly encoding?: string;
  /**
   * Cuts text files into documents of at least this many bytes, each ending at a blank line (or, where none comes
   * before twice the size, at a line end). Line ends become `\n`. Default: a text file is one document.
   */
  readonly textDocumentBytes?: number;
  /** Longest line of a JSONL file or of a text file being cut, and longest row of a CSV file, in bytes. Default 64 MiB. */
  readonly maxLineBytes?: number;
  /** Largest file, WARC record, wiki page or file of an archive taken as one document, in bytes. Default 64 MiB. */
  readonly maxDocumentBytes?: number;
  /**
   * How many times its compressed size a file may decompress to, beyond the first 64 MiB. Text shrinks to a half or
   * a tenth; a decompression bomb to a thousandth and less. Default 200.
   */
  readonly maxExpansion?: number;
  /**
   * Gives the main text of HTML pages, in files and web archives, and passes over pages that have none. Default false: the
   * HTML, for a step such as `extractMainText`.
   */
  readonly mainText?: boolean;
  /** Subsets of The Pile to take, by `meta.pile_set_name`, for the format `"pile"`. Default: all. */
  readonly pileSubsets?: readonly string[];
  /** Namespaces of a wiki dump to take. Default `[0]`, the articles. */
  readonly wikiNamespaces?: readonly number[];
  /** What of a repository is taken, for the format `"repository"`. */
  readonly repository?: RepositoryOptions;
  /** How CSV and TSV tables are written. */
  readonly csv?: CsvOptions;
  /** Which columns make up a thread, for the format `"tickets"`. */
  readonly tickets?: TicketOptions;
  /** How addresses are fetched, those of S3 and the Hugging Face hub too. */
  readonly http?: HttpOptions;
  /** Where buckets (`s3://bucket/…`) are, and the keys to them. */
  readonly s3?: S3Options;
  /** Where data sets (`hf://datasets/…`) are, and the token for private ones. */
  readonly hub?: HubOptions;
  /** A bad file or record stops the reading, or is skipped and counted in the report. Default `"error"`. */
  readonly badInput?: "error" | "skip";
  /** What to do with invalid UTF-8; whatever it is, the report counts it. Default: what `badInput` says. */
  readonly invalidUtf8?: InvalidUtf8Policy;
  /** Called after each piece taken from the disk or the network (a row group of Parquet, otherwise up to 1 MiB). */
  readonly onProgress?: (progress: ReadProgress) => void;
  /** Stops the reading with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A place in a file from which its format's reader can start, in numbers that only that reader understands. */
export type Checkpoint = Readonly<Record<string, number>>;

/** What one pass over the files lends to the reader of a format. */
export interface ReadingContext {
  readonly options: ReadOptions;
  /** Where to start: a checkpoint that this format's reader set in an earlier reading. Undefined: at the file's start. */
  readonly start: Checkpoint | undefined;
  /** Says, before a document is given, from where it and what follows can be read. */
  checkpoint(checkpoint: Checkpoint): void;
  /** True where a reading can start at an offset in the text, so that checkpoints of one are of use. */
  canSeek(): boolean;
  open(file: InputFile): Promise<ByteSource>;
  /** The file's bytes, decompressed and counted; from the offset `start` on, by readers that set checkpoints with an `offset`. */
  chunks(file: InputFile, start?: number): AsyncGenerator<Buffer>;
  /** The same as UTF-8, whatever encoding the options name. */
  textChunks(file: InputFile, start?: number): AsyncGenerator<Buffer>;
  /** Counts bytes that were taken otherwise than through `chunks`. */
  advance(bytes: number): void;
  /** The text, or undefined where invalid UTF-8 is to be skipped. */
  decode(bytes: Buffer, place: FilePlace): string | undefined;
  /** Counts the fault where bad input is skipped; throws it otherwise. */
  skipOrThrow(error: unknown): void;
  /** Counts the fault, whatever the policy. */
  count(error: FormatError): void;
  /** Counts what the format leaves out on purpose. */
  passOver(reason: string): void;
  /** A context for bytes within this file: they are not counted again, and no checkpoints are set. */
  nested(): ReadingContext;
  /** The documents of the same file in another format, for a format that builds on it. */
  documentsAs(file: InputFile, format: DocumentFormat): AsyncIterable<Document>;
  /**
   * The documents of a file within this one.
   * @throws FormatError where archives lie too deep in archives.
   */
  nestedDocuments(file: InputFile): AsyncIterable<Document>;
}
