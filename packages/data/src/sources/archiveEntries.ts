// The files in a folder, a tar or a zip archive, one after another.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { glob } from "tinyglobby";
import type { InputFile } from "../inputFile.ts";
import type { ArchiveEntry } from "./archiveEntry.ts";
import { fileSource } from "./byteSource.ts";
import type { ReadingContext } from "./readOptions.ts";
import { tarEntries } from "./tarEntries.ts";
import { zipEntries } from "./zipEntries.ts";

/**
 * The files of a folder (sorted by path, without `.git`), a zip archive (told by its name), or a tar archive.
 * @throws FormatError for what is no archive, is cut, or grows too much.
 */
export function archiveEntries(file: InputFile, context: ReadingContext): AsyncGenerator<ArchiveEntry> {
  if (file.isFolder) return folderEntries(file.path, context);
  if (/\.zip$/i.test(file.path)) return zipEntries(file, context);
  return tarEntries(context.chunks(file), file.path);
}

async function* folderEntries(folder: string, context: ReadingContext): AsyncGenerator<ArchiveEntry> {
  const paths = await glob("**/*", { cwd: folder, dot: true, ignore: ["**/.git/**"], followSymbolicLinks: false });
  for (const path of paths.sort((a, b) => (a < b ? -1 : 1))) {
    const full = join(folder, path);
    const { size } = await stat(full);
    yield { path, size, stream: () => fileSource(full, size).read(0, undefined, context.options.signal) };
  }
}
