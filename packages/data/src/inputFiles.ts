// Finds the files behind paths, folders and glob patterns, and tells each one's format from its name.
import { stat } from "node:fs/promises";
import { extname, isAbsolute, join, resolve } from "node:path";
import { glob, isDynamicPattern } from "tinyglobby";
import { DataError, FileError, systemReason } from "./errors.ts";

/** How the documents lie in a file: the whole file is text, or one JSON record a line. */
export type TextFormat = "text" | "jsonl";

/** A file to read, found but not opened. */
export interface InputFile {
  readonly path: string;
  /** Bytes on disk. */
  readonly size: number;
  readonly format: TextFormat;
  readonly gzip: boolean;
}

const formatOfExtension: Readonly<Record<string, TextFormat>> = {
  txt: "text",
  text: "text",
  md: "text",
  markdown: "text",
  jsonl: "jsonl",
  ndjson: "jsonl",
};
const knownExtensions = Object.keys(formatOfExtension);

/**
 * Lists the input files in a fixed order: entries as given, the files of a folder or glob sorted by path, each file once.
 * @param format taken for every file instead of what its name says.
 * @throws FileError for a path that is not there; DataError for a name of unknown format, or when nothing was found.
 */
export async function findInputFiles(entries: readonly string[], format?: TextFormat): Promise<InputFile[]> {
  const paths = new Map<string, string>();
  for (const entry of entries) {
    for (const path of await expandEntry(entry)) if (!paths.has(resolve(path))) paths.set(resolve(path), path);
  }
  if (paths.size === 0) throw new DataError("readDocuments: expected at least one path, got an empty list");
  const files: InputFile[] = [];
  for (const path of paths.values()) files.push(await describeFile(path, format));
  return files;
}

async function expandEntry(entry: string): Promise<string[]> {
  const found = await stat(entry).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && isDynamicPattern(entry)) return undefined;
    const advice = "check the path; relative paths start at the current folder";
    throw new FileError(`${entry}: could not be read: ${systemReason(error)} (${advice})`, { cause: error });
  });
  if (found?.isFile()) return [entry];
  const pattern = `**/*.{${knownExtensions.join(",")}}{,.gz}`;
  const matches = found
    ? (await glob(pattern, { cwd: entry, caseSensitiveMatch: false })).map((path) => join(entry, path))
    : await glob(entry, { absolute: isAbsolute(entry) });
  if (matches.length === 0) {
    const kinds = knownExtensions.map((extension) => `.${extension}`).join(", ");
    throw new DataError(
      found
        ? `${entry}: expected a folder with text files (${kinds}, each also .gz), found none in it`
        : `${entry}: no file matches this pattern (relative patterns start at the current folder)`,
    );
  }
  // By code units, not by locale: the order must be the same on every machine.
  return matches.sort((a, b) => (a < b ? -1 : 1));
}

async function describeFile(path: string, format: TextFormat | undefined): Promise<InputFile> {
  const gzip = /\.gz$/i.test(path);
  const extension = extname(gzip ? path.slice(0, -3) : path).slice(1);
  const known = format ?? formatOfExtension[extension.toLowerCase()];
  if (known === undefined) {
    const kinds = knownExtensions.map((name) => `.${name}`).join(", ");
    throw new DataError(
      `${path}: unknown file kind: expected a name ending in ${kinds}, each also with .gz (or set format to "text" or "jsonl")`,
    );
  }
  return { path, size: (await stat(path)).size, format: known, gzip };
}
