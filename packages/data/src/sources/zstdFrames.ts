// Zstandard (RFC 8878) undone frame by frame, so that each frame's window is checked and its place known.
import { Decompress, ZstdErrorCode } from "fzstd";
import xxhash, { type XXHash } from "xxhash-wasm";
import { ByteReader } from "./byteReader.ts";
import { cutShort, type DecompressOptions, damaged, take } from "./decompression.ts";

const frameMark = 0xfd2fb528;
const skippableMark = 0x184d2a50;
// The decoder reserves the window that a frame asks for; the limit is that of the zstd command line.
const maxWindowBytes = 1 << 27;

/**
 * The decompressed bytes of all frames; skippable frames are passed over.
 * @throws CompressionError for truncated or damaged data, and for a frame that asks for a window above 128 MiB.
 */
export async function* unzstd(
  chunks: AsyncIterable<Buffer>,
  { onProduced, onPlace, from = { storedOffset: 0, textOffset: 0 } }: DecompressOptions,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(chunks, from.storedOffset);
  const { create64 } = await xxhash();
  let textOffset = from.textOffset;
  try {
    while ((await reader.peek()) !== undefined) {
      onPlace?.({ storedOffset: reader.offset, textOffset });
      const mark = await take(reader, 4);
      if ((mark.readUInt32LE() & 0xfffffff0) >>> 0 === skippableMark) {
        const length = (await take(reader, 4)).readUInt32LE();
        if ((await reader.skip(length)) < length) throw cutShort();
        continue;
      }
      if (mark.readUInt32LE() !== frameMark) throw damaged("no zstd frame starts here");
      for await (const piece of frameBytes(reader, mark, create64())) {
        onProduced(piece.length);
        textOffset += piece.length;
        yield piece;
      }
    }
  } finally {
    await reader.close();
  }
}

async function* frameBytes(reader: ByteReader, mark: Buffer, hash: XXHash<bigint>): AsyncGenerator<Buffer> {
  let produced: Buffer[] = [];
  const decoder = new Decompress((data) => {
    if (data.length > 0) produced.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  });
  const { header, hasChecksum } = await readHeader(reader);
  push(decoder, Buffer.concat([mark, header]), false);
  let checksum: Buffer = Buffer.alloc(0);
  for (let last = false; !last; ) {
    const head = await take(reader, 3);
    const value = head.readUIntLE(0, 3);
    last = (value & 1) === 1;
    // A block of one repeated byte (type 1) says how often, and holds that byte.
    const body = await take(reader, ((value >> 1) & 3) === 1 ? 1 : value >> 3);
    if (last && hasChecksum) checksum = await take(reader, 4);
    produced = [];
    push(decoder, Buffer.concat([head, body, checksum]), last);
    for (const piece of produced) if (hasChecksum) hash.update(piece);
    yield* produced;
  }
  if (!hasChecksum || BigInt.asUintN(32, hash.digest()) === BigInt(checksum.readUInt32LE())) return;
  throw damaged("the checksum does not fit the bytes");
}

/** What stands between the mark and the first block. */
async function readHeader(reader: ByteReader): Promise<{ readonly header: Buffer; readonly hasChecksum: boolean }> {
  const descriptor = await take(reader, 1);
  const flags = descriptor[0] as number;
  const isSingleSegment = (flags & 0x20) !== 0;
  const window = await take(reader, isSingleSegment ? 0 : 1);
  const dictionary = await take(reader, [0, 1, 2, 4][flags & 3] as number);
  const size = await take(reader, [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6] as number);
  const asked = isSingleSegment ? contentBytes(size) : windowBytes(window[0] as number);
  if (asked > maxWindowBytes) {
    throw damaged(`the frame asks for a window of ${asked} bytes, the limit is ${maxWindowBytes}`);
  }
  return { header: Buffer.concat([descriptor, window, dictionary, size]), hasChecksum: (flags & 4) !== 0 };
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** The length that a frame says its content has, which is the window of one that is a single segment. */
function contentBytes(size: Buffer): number {
  if (size.length === 8) return Number(size.readBigUInt64LE());
  return size.readUIntLE(0, size.length) + (size.length === 2 ? 256 : 0);
}

function push(decoder: Decompress, bytes: Buffer, final: boolean): void {
  try {
    decoder.push(bytes, final);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === ZstdErrorCode.UnexpectedEOF) throw cutShort();
    // Of damaged data the library also runs over the ends of its arrays.
    const isDamage = typeof code === "number" || error instanceof RangeError || error instanceof TypeError;
    if (!isDamage) throw error;
    throw damaged((error as Error).message, error as Error);
  }
}
