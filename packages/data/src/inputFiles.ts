// Finds the inputs behind paths, folders, glob patterns and HTTP addresses, and tells each one's format from its name.
import { stat } from "node:fs/promises";
import { basename, isAbsolute, join, resolve } from "node:path";
import { glob, isDynamicPattern } from "tinyglobby";
import { DataError, FileError, systemReason } from "./errors.ts";
import { type ByteSource, fileSource } from "./sources/byteSource.ts";
import { type Compression, compressionExtensions, compressionOfName } from "./sources/compression.ts";
import { isHttpAddress, openHttpSource } from "./sources/httpSource.ts";
import type { ReadOptions } from "./sources/readOptions.ts";

/**
 * How the documents lie in a file: the whole file is text; one JSON record a line; rows of a table (CSV, Parquet); the
 * records of a web archive; the pages of a MediaWiki dump; the records of The Pile.
 */
export type DocumentFormat = "text" | "jsonl" | "csv" | "tsv" | "parquet" | "warc" | "wikipedia" | "pile";

/** A file to read, found but not opened. */
export interface InputFile {
  /** Path or address, as it is named in ids and errors. */
  readonly path: string;
  readonly source: ByteSource;
  readonly format: DocumentFormat;
  readonly compression: Compression;
}

const formatOfExtension: Readonly<Record<string, DocumentFormat>> = {
  txt: "text",
  text: "text",
  md: "text",
  markdown: "text",
  jsonl: "jsonl",
  ndjson: "jsonl",
  csv: "csv",
  tsv: "tsv",
  parquet: "parquet",
  warc: "warc",
  wet: "warc",
};
const knownKinds = Object.keys(formatOfExtension).map((extension) => `.${extension}`);
const knownNames = `${knownKinds.join(", ")}, each also with ${compressionExtensions.map((name) => `.${name}`).join(", ")}`;
// Dumps of Wikimedia are all called so: enwiki-20240101-pages-articles.xml.bz2, …-pages-articles-multistream1.xml-p1p41242.bz2.
const wikipediaDump = /-pages-(articles|meta).*\.xml(-p\d+p\d+)?$/i;

/**
 * Lists the inputs in a fixed order: entries as given, the files of a folder or glob sorted by path, each file once.
 * @throws FileError for a path that is not there; DataError for a name of unknown format, or when nothing was found.
 */
export async function findInputFiles(entries: readonly string[], options: ReadOptions): Promise<InputFile[]> {
  const paths = new Map<string, string>();
  for (const entry of entries) {
    for (const path of await expandEntry(entry)) {
      const key = isHttpAddress(path) ? path : resolve(path);
      if (!paths.has(key)) paths.set(key, path);
    }
  }
  if (paths.size === 0) throw new DataError("readDocuments: expected at least one path, got an empty list");
  const files: InputFile[] = [];
  for (const path of paths.values()) files.push(await describeFile(path, options));
  return files;
}

async function expandEntry(entry: string): Promise<string[]> {
  if (isHttpAddress(entry)) {
    if (!URL.canParse(entry)) throw new DataError(`${entry}: expected an HTTP address, got one that cannot be parsed`);
    return [entry];
  }
  const found = await stat(entry).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && isDynamicPattern(entry)) return undefined;
    const advice = "check the path; relative paths start at the current folder";
    throw new FileError(`${entry}: could not be read: ${systemReason(error)} (${advice})`, { cause: error });
  });
  if (found?.isFile()) return [entry];
  const matches = found
    ? (await glob("**/*", { cwd: entry })).filter((path) => formatOfName(path)).map((path) => join(entry, path))
    : await glob(entry, { absolute: isAbsolute(entry) });
  if (matches.length === 0) {
    throw new DataError(
      found
        ? `${entry}: expected a folder with text files (${knownNames}), found none in it`
        : `${entry}: no file matches this pattern (relative patterns start at the current folder)`,
    );
  }
  // By code units, not by locale: the order must be the same on every machine.
  return matches.sort((a, b) => (a < b ? -1 : 1));
}

function formatOfName(path: string): DocumentFormat | undefined {
  const { inner } = compressionOfName(path);
  if (wikipediaDump.test(inner)) return "wikipedia";
  return formatOfExtension[inner.slice(inner.lastIndexOf(".") + 1).toLowerCase()];
}

async function describeFile(path: string, options: ReadOptions): Promise<InputFile> {
  const name = isHttpAddress(path) ? basename(new URL(path).pathname) : path;
  const format = options.format ?? formatOfName(name);
  if (format === undefined) {
    throw new DataError(
      `${path}: unknown file kind: expected a name ending in ${knownNames} (or set format, for example to "text" or "jsonl")`,
    );
  }
  const source = isHttpAddress(path)
    ? await openHttpSource(path, options.http, options.signal)
    : fileSource(path, (await stat(path)).size);
  return { path, source, format, compression: compressionOfName(name).compression };
}
