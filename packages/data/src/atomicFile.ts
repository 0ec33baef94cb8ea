// A file that appears under its final name only when it is whole: written beside it as `<name>.partial`, then renamed.
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { FileError, systemReason } from "./errors.ts";

/** A file being written. End it with `commit` or `discard`. */
export class AtomicFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #closed = false;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /**
   * Starts writing the file that will be `path`, making its folder where missing.
   * @throws FileError when the folder or the file cannot be made.
   */
  static async create(path: string): Promise<AtomicFile> {
    try {
      await mkdir(dirname(path), { recursive: true });
      return new AtomicFile(path, await open(partialPath(path), "w"));
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

  /** Finishes the file and gives it its final name, replacing an older file. */
  async commit(): Promise<void> {
    await this.finish();
    try {
      await rename(partialPath(this.path), this.path);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** Removes what was written; a file that had the final name before stays as it was. */
  async discard(): Promise<void> {
    await this.#close();
    await rm(partialPath(this.path), { force: true });
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

function partialPath(path: string): string {
  return `${path}.partial`;
}

function writeError(path: string, error: unknown): FileError {
  const message = `${path}: could not be written: ${systemReason(error)} (nothing was left under this name; free space or choose another folder, then run again)`;
  return new FileError(message, { cause: error });
}
