// The source of a pipeline: documents from inputs of every known format, streamed, with progress, counts, a position and a policy for bad input.
import type { Document } from "./document.ts";
import { DataError } from "./errors.ts";
import type { Input } from "./inputFile.ts";
import { checkPileSubsets } from "./sources/pileDocuments.ts";
import { Reading, type SourcePosition, type SourceReport } from "./sources/reading.ts";
import type { ReadOptions } from "./sources/readOptions.ts";

/** Documents that can be read again and again; `report()` and `position()` tell of the latest reading. */
export interface DocumentSource extends AsyncIterable<Document> {
  report(): SourceReport;
  /** Where the reading stands, after the last document that was taken. */
  position(): SourcePosition;
  /**
   * The next reading starts at `position` and gives exactly the documents that followed there, given the same inputs
   * and options. Lines, WARC records, articles, wiki pages and row groups are places to start from. A compressed file
   * is decompressed from the member (gzip), frame (zstd) or block (bzip2) that the place lies in, which for web archives
   * is the record itself, and for files of one member the file's start. CSV tables and archives are read again.
   */
  seek(position: SourcePosition): void;
}

/**
 * Reads documents from files, folders (recursive), glob patterns, addresses (`https:`, `s3:`, `hf:`) or locations.
 * The format is told by each file's name (see `DocumentFormat`), each may be compressed. Files come in the order given,
 * those of a folder, pattern or bucket sorted by path. Nothing is opened before the first document is asked for, and a
 * file is read no faster than its documents are taken.
 *
 * While documents are taken it throws: FileError for what cannot be read; FormatError, naming file and line or byte,
 * for input that is not what its format says or is above its limit (unless skipped by policy); DataError for a position
 * that does not fit.
 *
 * @example
 * for await (const document of readDocuments("corpus/")) console.log(document.id, document.text.length);
 */
export function readDocuments(input: Input | readonly Input[], options: ReadOptions = {}): DocumentSource {
  checkOptions(options);
  const inputs = Array.isArray(input) ? (input as readonly Input[]) : [input as Input];
  let from: SourcePosition = { files: 0, documents: 0 };
  let reading = new Reading(options, from);
  return {
    report: () => reading.report(),
    position: () => reading.position(),
    seek: (position) => {
      from = position;
      reading = new Reading(options, from);
    },
    async *[Symbol.asyncIterator]() {
      reading = new Reading(options, from);
      yield* reading.documents(inputs);
    },
  };
}

function checkOptions(options: ReadOptions): void {
  for (const name of ["textDocumentBytes", "maxLineBytes", "maxDocumentBytes", "maxExpansion"] as const) {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && value > 0)) continue;
    throw new DataError(`readDocuments: ${name}: expected a whole number above 0, got ${value}`);
  }
  checkEncoding(options.encoding);
  checkPileSubsets(options.pileSubsets);
}

function checkEncoding(encoding: string | undefined): void {
  try {
    if (encoding !== undefined) new TextDecoder(encoding);
  } catch (error) {
    const message = `readDocuments: encoding: expected a label of the Encoding standard such as "windows-1252", got "${encoding}"`;
    throw new DataError(message, { cause: error });
  }
}
