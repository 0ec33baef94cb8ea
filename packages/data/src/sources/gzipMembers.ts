// gzip (RFC 1952) undone member by member, so that each member's place is known: web archives have one member per record.
import { crc32, createInflateRaw, type InflateRaw } from "node:zlib";
import { ByteReader } from "./byteReader.ts";
import { cutShort, type DecompressOptions, damaged, take } from "./decompression.ts";

const outputChunkBytes = 1 << 17;
// Bounds what one write may pile up before anyone takes it: deflate grows at most 1032 times.
const inputChunkBytes = 1 << 16;
const flags = { headerChecksum: 2, extra: 4, name: 8, comment: 16 };

/**
 * The decompressed bytes of all members. Zeros behind a member end the file, as `gzip` has it.
 * @throws CompressionError for truncated or damaged data.
 */
export async function* gunzip(
  chunks: AsyncIterable<Buffer>,
  { onProduced, onPlace, from = { storedOffset: 0, textOffset: 0 } }: DecompressOptions,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(chunks, from.storedOffset);
  let textOffset = from.textOffset;
  try {
    for (let first = true; ; first = false) {
      const next = await reader.peek();
      if (next === undefined || (!first && next === 0)) return;
      onPlace?.({ storedOffset: reader.offset, textOffset });
      await passHeader(reader);
      let checksum = 0;
      let length = 0;
      for await (const piece of inflateMember(reader)) {
        onProduced(piece.length);
        checksum = crc32(piece, checksum);
        length += piece.length;
        yield piece;
      }
      textOffset += length;
      const trailer = await take(reader, 8);
      if (trailer.readUInt32LE(0) !== checksum) throw damaged("the checksum does not fit the bytes");
      if (trailer.readUInt32LE(4) !== length % 2 ** 32) throw damaged("the length does not fit the bytes");
    }
  } finally {
    await reader.close();
  }
}

/** Moves to the first byte of deflated data. */
async function passHeader(reader: ByteReader): Promise<void> {
  const mark = await reader.bytes(2);
  if (mark[0] !== 0x1f || (mark.length > 1 && mark[1] !== 0x8b)) throw damaged("no gzip member starts here");
  const [method, set = 0] = await take(reader, 8);
  if (method !== 8) throw damaged(`unknown compression method ${method}`);
  if (set & flags.extra) await take(reader, (await take(reader, 2)).readUInt16LE(0));
  for (const flag of [flags.name, flags.comment]) {
    if (set & flag) while ((await take(reader, 1))[0] !== 0);
  }
  if (set & flags.headerChecksum) await take(reader, 2);
}

async function* inflateMember(reader: ByteReader): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw({ chunkSize: outputChunkBytes });
  const produced: Buffer[] = [];
  inflate.on("data", (piece: Buffer) => produced.push(piece));
  try {
    for (let used = 0; ; ) {
      const piece = await reader.look(inputChunkBytes);
      if (piece === undefined) throw cutShort();
      await write(inflate, piece);
      yield* produced.splice(0);
      await reader.skip(inflate.bytesWritten - used);
      // Only of what lies behind the member's end is anything left over.
      if (inflate.bytesWritten - used < piece.length) return;
      used = inflate.bytesWritten;
    }
  } finally {
    inflate.destroy();
  }
}

function write(inflate: InflateRaw, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(damaged(error.message, error));
    inflate.once("error", fail);
    inflate.write(piece, () => {
      inflate.off("error", fail);
      resolve();
    });
  });
}
