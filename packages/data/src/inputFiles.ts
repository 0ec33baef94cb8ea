// Finds the inputs behind paths, folders, glob patterns, addresses and locations, and tells each one's format from its name.
import { stat } from "node:fs/promises";
import { basename, isAbsolute, join, resolve } from "node:path";
import { glob, isDynamicPattern } from "tinyglobby";
import { DataError, FileError, systemReason } from "./errors.ts";
import { describeFile, type Input, type InputFile } from "./inputFile.ts";
import { type ByteSource, fileSource } from "./sources/byteSource.ts";
import { type DocumentFormat, formatOfName, knownEndings } from "./sources/documentFormat.ts";
import { Connection } from "./sources/httpConnection.ts";
import { isHttpAddress, openHttpSource } from "./sources/httpSource.ts";
import { hubFiles, isHubAddress } from "./sources/hubFiles.ts";
import type { ReadOptions } from "./sources/readOptions.ts";
import { isS3Address, s3Files } from "./sources/s3Files.ts";

/** Formats in which a folder is one input, not many. */
const wholeFolderFormats: ReadonlySet<DocumentFormat | undefined> = new Set(["repository", "latex"]);

/**
 * Lists the inputs in a fixed order: entries as given, the files of a folder or glob sorted by path, each file once.
 * @throws FileError for a path that is not there; DataError for a name of unknown format, or when nothing was found.
 */
export async function findInputFiles(inputs: readonly Input[], options: ReadOptions): Promise<InputFile[]> {
  const files = new Map<string, InputFile>();
  for (const input of inputs) {
    for (const file of await listInput(input, options)) {
      const key = /^[a-z\d]+:\/\//i.test(file.path) ? file.path : resolve(file.path);
      if (!files.has(key)) files.set(key, file);
    }
  }
  if (files.size === 0) throw new DataError("readDocuments: expected at least one path, got an empty list");
  return [...files.values()];
}

async function listInput(input: Input, options: ReadOptions): Promise<readonly InputFile[]> {
  if (typeof input !== "string") {
    const files = await input.files(options);
    if (files.length === 0) throw new DataError(`${input.name}: expected files there, found none`);
    return files;
  }
  if (isS3Address(input)) return s3Files(input, options);
  if (isHubAddress(input)) return hubFiles(input, options);
  if (isHttpAddress(input)) return [{ ...(await httpFile(input, options)), isNamed: true }];
  const files: InputFile[] = [];
  for (const path of await expandPath(input, options)) {
    files.push({ ...(await localFile(path, options)), isNamed: path === input });
  }
  return files;
}

async function expandPath(entry: string, options: ReadOptions): Promise<string[]> {
  const found = await stat(entry).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && isDynamicPattern(entry)) return undefined;
    const advice = "check the path; relative paths start at the current folder";
    throw new FileError(`${entry}: could not be read: ${systemReason(error)} (${advice})`, { cause: error });
  });
  if (found?.isFile() || (found && wholeFolderFormats.has(options.format))) return [entry];
  const matches = found
    ? (await glob("**/*", { cwd: entry })).filter((path) => formatOfName(path)).map((path) => join(entry, path))
    : await glob(entry, { absolute: isAbsolute(entry) });
  if (matches.length === 0) {
    throw new DataError(
      found
        ? `${entry}: expected a folder with text files (${knownEndings}), found none in it`
        : `${entry}: no file matches this pattern (relative patterns start at the current folder)`,
    );
  }
  // By code units, not by locale: the order must be the same on every machine.
  return matches.sort((a, b) => (a < b ? -1 : 1));
}

async function localFile(path: string, options: ReadOptions): Promise<InputFile> {
  const found = await stat(path);
  if (found.isDirectory()) {
    const open = async (): Promise<ByteSource> => {
      throw new DataError(`${path}: expected a file, got a folder`);
    };
    return { path, format: options.format ?? "repository", compression: "none", size: 0, isFolder: true, open };
  }
  return describeFile(path, path, options, found.size, async () => fileSource(path, found.size));
}

async function httpFile(address: string, options: ReadOptions): Promise<InputFile> {
  if (!URL.canParse(address)) {
    throw new DataError(`${address}: expected an HTTP address, got one that cannot be parsed`);
  }
  const name = basename(new URL(address).pathname);
  const source = await openHttpSource(new Connection(address, options.http ?? {}), options.signal);
  return describeFile(address, name, options, source.size, async () => source);
}
