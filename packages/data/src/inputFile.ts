// What can be read: files that were found, and the places that list them.
import { DataError } from "./errors.ts";
import type { ByteSource } from "./sources/byteSource.ts";
import { type Compression, compressionOfName } from "./sources/compression.ts";
import { type DocumentFormat, formatOfName, knownEndings } from "./sources/documentFormat.ts";
import type { ReadOptions } from "./sources/readOptions.ts";

/** A file to read, found but not opened. */
export interface InputFile {
  /** Path or address, as it is named in ids, errors and positions. */
  readonly path: string;
  readonly format: DocumentFormat;
  readonly compression: Compression;
  /** Length in bytes as it is stored, where it is known before the file is opened. */
  readonly size: number | undefined;
  /** Asked for by its own name, not found in a folder or by a pattern. */
  readonly isNamed?: boolean;
  /** A folder that is read as one input. */
  readonly isFolder?: boolean;
  open(signal?: AbortSignal): Promise<ByteSource>;
}

/** A place that lists files: a storage of your own, or what `commonCrawlPages` and `commonCrawlFiles` give. */
export interface InputLocation {
  /** How errors name it. */
  readonly name: string;
  /** The files, in the same order each time. */
  files(options: ReadOptions): Promise<readonly InputFile[]>;
}

/** What can be read: a path, a folder, a glob pattern, an address (`http:`, `https:`, `s3:`, `hf:`), or a location. */
export type Input = string | InputLocation;

/**
 * The file with its format: that of the options, or what its name tells.
 * @throws DataError for a name that tells nothing.
 */
export function describeFile(
  path: string,
  name: string,
  options: ReadOptions,
  size: number | undefined,
  open: InputFile["open"],
): InputFile {
  const format = options.format ?? formatOfName(name);
  if (format === undefined) {
    throw new DataError(
      `${path}: unknown file kind: expected a name ending in ${knownEndings} (or set format, for example to "text" or "jsonl")`,
    );
  }
  return { path, format, compression: compressionOfName(name).compression, size, open };
}
