// Token ids to and from little-endian bytes, whatever the machine's own byte order.
import { endianness } from "node:os";
import { bytesPerToken, type TokenDtype } from "./shardIndex.ts";

const swapped = endianness() === "BE";

/** The bytes of `ids`, which must fit `dtype`. */
export function encodeTokens(ids: Uint32Array, dtype: TokenDtype): Buffer {
  const stored = dtype === "uint16" ? Uint16Array.from(ids) : Uint32Array.from(ids);
  return toLittleEndian(Buffer.from(stored.buffer), dtype);
}

/** Writes the ids stored in `bytes` to `target` from `at` on. `bytes` is overwritten. */
export function decodeTokens(bytes: Buffer, dtype: TokenDtype, target: Uint32Array, at: number): void {
  toLittleEndian(bytes, dtype);
  const { buffer, byteOffset } = bytes;
  const count = bytes.length / bytesPerToken[dtype];
  target.set(
    dtype === "uint16" ? new Uint16Array(buffer, byteOffset, count) : new Uint32Array(buffer, byteOffset, count),
    at,
  );
}

function toLittleEndian(bytes: Buffer, dtype: TokenDtype): Buffer {
  if (!swapped) return bytes;
  return dtype === "uint16" ? bytes.swap16() : bytes.swap32();
}
