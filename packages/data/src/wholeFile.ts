// Reads a file that fits into memory, such as a model.
import { readFile } from "node:fs/promises";
import { FileError, systemReason } from "./errors.ts";

/**
 * All bytes of a file.
 * @throws FileError with the path when it cannot be read.
 */
export async function readWholeFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new FileError(`${path}: could not be read: ${systemReason(error)}`, { cause: error });
  }
}
