// bzip2 undone as a stream: block by block, several streams in a row as parallel compressors and Wikipedia dumps have them.
import { BitReader, Bzip2Fault, OutOfInput } from "./bitReader.ts";
import { Bzip2BlockDecoder } from "./bzip2Block.ts";
import { cutShort, type DecompressOptions, damaged } from "./decompression.ts";

const blockMark = 0x314159265359;
const endMark = 0x177245385090;
// A block of 900,000 bytes that does not shrink takes a little more than that: with this much at hand a block is rarely tried twice.
const inputAtHand = 1_000_000;

// What one call of the decoder is given: it bounds what may pile up before anyone takes it.
const decoderChunkBytes = 1 << 16;

/**
 * The decompressed bytes of all streams.
 * @throws CompressionError for truncated or damaged data.
 */
export async function* unbzip2(chunks: AsyncIterable<Buffer>, options: DecompressOptions): AsyncGenerator<Buffer> {
  const decoder = new Bzip2Decoder(options);
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += decoderChunkBytes) {
      yield* decoder.push(chunk.subarray(start, start + decoderChunkBytes));
    }
  }
  yield* decoder.end();
}

interface OpenStream {
  readonly level: number;
  readonly blocks: Bzip2BlockDecoder;
  /** Of the blocks so far; undefined where the decoder was started within the stream. */
  checksum: number | undefined;
}

/** A decoder that is given pieces of a bzip2 file in order. */
export class Bzip2Decoder {
  readonly #options: DecompressOptions;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Byte of the file at which what is pending begins. */
  #storedOffset: number;
  #textOffset: number;
  #needed = inputAtHand;
  /** Bits of the first pending byte that were used already. */
  #usedBits: number;
  #stream: OpenStream | undefined;
  #streams = 0;

  constructor(options: DecompressOptions) {
    const { storedOffset, textOffset, bit = 0, level } = options.from ?? { storedOffset: 0, textOffset: 0 };
    this.#options = options;
    this.#storedOffset = storedOffset;
    this.#textOffset = textOffset;
    this.#usedBits = bit;
    if (level !== undefined) this.#open(level, undefined);
  }

  *push(chunk: Buffer): Generator<Buffer> {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes >= this.#needed) yield* this.#decode(false);
  }

  *end(): Generator<Buffer> {
    yield* this.#decode(true);
  }

  /** Decodes what is whole; what is left of the input waits for more. */
  *#decode(final: boolean): Generator<Buffer> {
    const input = Buffer.concat(this.#pending);
    const bits = new BitReader(input);
    bits.moveTo(Math.min(this.#usedBits, input.length * 8));
    let done = bits.position;
    try {
      while (final ? !this.#isOver(bits, input) : input.length * 8 - bits.position >= inputAtHand * 8) {
        const block = this.#step(bits);
        done = bits.position;
        if (block === undefined || block.length === 0) continue;
        this.#options.onProduced(block.length);
        this.#textOffset += block.length;
        yield block;
      }
      this.#needed = inputAtHand;
    } catch (error) {
      if (error instanceof Bzip2Fault) throw damaged(error.message, error);
      if (!(error instanceof OutOfInput)) throw error;
      if (final) throw cutShort();
      // A block that takes up more than the usual: wait for twice as much before it is tried again.
      this.#needed = input.length * 2;
    }
    this.#pending = [input.subarray(done >>> 3)];
    this.#storedOffset += done >>> 3;
    this.#pendingBytes = input.length - (done >>> 3);
    this.#usedBits = done & 7;
  }

  /** True where the file may end: after a stream. Bytes that are no further stream are passed over, as bzip2 does. */
  #isOver(bits: BitReader, input: Buffer): boolean {
    if (this.#stream || (this.#streams === 0 && input.length > 0)) return false;
    return input.toString("latin1", bits.position >>> 3, (bits.position >>> 3) + 3) !== "BZh";
  }

  /** Reads a stream's head, a block or a stream's end; only a block gives bytes. */
  #step(bits: BitReader): Buffer | undefined {
    const stream = this.#stream;
    this.#tellPlace(bits.position, stream);
    if (stream === undefined) {
      const level = bits.read(24) === 0x425a68 ? bits.read(8) - 0x30 : 0;
      if (level < 1 || level > 9) throw new Bzip2Fault("no bzip2 stream starts here");
      this.#open(level, 0);
      return undefined;
    }
    const mark = bits.read(24) * 2 ** 24 + bits.read(24);
    if (mark === endMark) {
      const checksum = bits.read(32);
      if (stream.checksum !== undefined && checksum !== stream.checksum) {
        throw new Bzip2Fault("the stream's checksum does not fit its blocks");
      }
      bits.alignToByte();
      this.#stream = undefined;
      return undefined;
    }
    if (mark !== blockMark) throw new Bzip2Fault("neither a block nor the stream's end");
    const { bytes, checksum } = stream.blocks.decode(bits);
    if (stream.checksum !== undefined) {
      stream.checksum = (checksum ^ ((stream.checksum << 1) | (stream.checksum >>> 31))) >>> 0;
    }
    return bytes;
  }

  #open(level: number, checksum: number | undefined): void {
    this.#stream = { level, blocks: new Bzip2BlockDecoder(level), checksum };
    this.#streams += 1;
  }

  #tellPlace(position: number, stream: OpenStream | undefined): void {
    const place = { storedOffset: this.#storedOffset + (position >>> 3), textOffset: this.#textOffset };
    this.#options.onPlace?.(stream ? { ...place, bit: position & 7, level: stream.level } : place);
  }
}
