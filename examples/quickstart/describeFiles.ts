// What a corpus on disk looks like from outside, to notice that it has changed without reading it.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Name, size and time of change of a file, or of every file below a folder. */
export async function describeFiles(path: string): Promise<[string, number, number][]> {
  const names = (await stat(path)).isDirectory() ? (await readdir(path, { recursive: true })).sort() : [""];
  return Promise.all(
    names.map(async (name): Promise<[string, number, number]> => {
      const { size, mtimeMs } = await stat(join(path, name));
      return [join(path, name), size, mtimeMs];
    }),
  );
}
