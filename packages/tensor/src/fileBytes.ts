// Reads and writes whole byte ranges of files: one call of Node may do less than it is asked for.
import type { FileHandle } from "node:fs/promises";
import type { HostData } from "./dtype.ts";
import { FormatError } from "./errors.ts";

// Node reads and writes at most 2^31 - 1 bytes a call.
const largestTransfer = 2 ** 30;

/** The bytes of a typed array, not copied. */
export function bytesOf(data: HostData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Fills `bytes` from `position` on; throws a `FormatError` where the file ends before. */
export async function readFully(file: FileHandle, bytes: Uint8Array, position: number, path: string): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const length = Math.min(bytes.byteLength - done, largestTransfer);
    const { bytesRead } = await file.read(bytes, done, length, position + done);
    if (bytesRead === 0)
      throw new FormatError(`${path}: ends at byte ${position + done} (it was cut short while being read)`);
    done += bytesRead;
  }
}

/** Writes all of `bytes` at `position`. */
export async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const length = Math.min(bytes.byteLength - done, largestTransfer);
    const { bytesWritten } = await file.write(bytes, done, length, position + done);
    done += bytesWritten;
  }
}
