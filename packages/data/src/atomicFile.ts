// A file that appears under its final name only when it is whole: written beside it as `<name>.partial`, then renamed.
import { type FileHandle, lstat, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { FileError, systemReason } from "./errors.ts";

/** A file being written. End it with `commit` or `discard`. */
export class AtomicFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #inode: bigint;
  #closed = false;

  private constructor(path: string, handle: FileHandle, inode: bigint) {
    this.path = path;
    this.#handle = handle;
    this.#inode = inode;
  }

  /**
   * Starts writing the file that will be `path`, making its folder where missing.
   * @throws FileError when the folder or the file cannot be made.
   */
  static async create(path: string): Promise<AtomicFile> {
    try {
      await mkdir(dirname(path), { recursive: true });
      const handle = await openOwn(partialPath(path));
      return new AtomicFile(path, handle, (await handle.stat({ bigint: true })).ino);
    } catch (error) {
      throw writeError(path, error);
    }
  }

  /** Appends all of `bytes`. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#handle.writeFile(bytes);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** Forces the bytes to the disk and closes the file, still under its temporary name. */
  async finish(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#handle.datasync();
      await this.#close();
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /**
   * Finishes the file and gives it its final name, replacing an older file.
   * @throws FileError where the disk refuses, or another process began to write the same file meanwhile.
   */
  async commit(): Promise<void> {
    await this.finish();
    if (!(await this.#isOurs())) {
      throw new FileError(`${this.path}: another process is writing this file, too (run one at a time on a folder)`);
    }
    try {
      await rename(partialPath(this.path), this.path);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** Removes what was written; a file that had the final name before stays as it was. */
  async discard(): Promise<void> {
    await this.#close();
    if (await this.#isOurs()) await rm(partialPath(this.path), { force: true });
  }

  /** True as long as no other process has begun to write the same file. */
  async #isOurs(): Promise<boolean> {
    const found = await stat(partialPath(this.path), { bigint: true }).catch(() => undefined);
    return found?.ino === this.#inode;
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }
}

/** Writes a whole file, a text or pieces one after the other, under its final name only when whole. */
export async function writeFileAtomically(path: string, content: string | Iterable<Uint8Array>): Promise<void> {
  const file = await AtomicFile.create(path);
  try {
    for (const piece of typeof content === "string" ? [Buffer.from(content)] : content) await file.write(piece);
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** A file of its own: what a killed run left is gone, and what another run is writing is not written into. */
async function openOwn(path: string): Promise<FileHandle> {
  const found = await lstat(path).catch(() => undefined);
  // What is no file, such as a link to a device, was put there on purpose.
  if (found && !found.isFile()) return open(path, "w");
  await rm(path, { force: true });
  return open(path, "wx");
}

function partialPath(path: string): string {
  return `${path}.partial`;
}

function writeError(path: string, error: unknown): FileError {
  const message = `${path}: could not be written: ${systemReason(error)} (nothing was left under this name; free space or choose another folder, then run again)`;
  return new FileError(message, { cause: error });
}
