// Replaces a file in one step: readers see the old file or the whole new one, whatever fails in between. An entry of its own, for the
// packages that write files beside the tensors.
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes `path` through a temporary file in the same folder, synced to disk and then renamed; the folder is made where there is none.
 * When `write` fails (a full disk, say) the temporary file is removed, an existing `path` stays as it was, and the error is thrown on.
 *
 * @param write writes the content; text and bytes at once by `file.writeFile`
 * @example
 * await replaceFile("config.json", (file) => file.writeFile("{}"));
 */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  const file = await open(temporary, "wx");
  try {
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes the rename itself survive a power cut. Windows cannot open folders, and journals renames by itself. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
