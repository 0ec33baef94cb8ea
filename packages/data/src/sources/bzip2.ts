// bzip2 undone as a stream: block by block, several streams in a row as parallel compressors and Wikipedia dumps have them.
import { BitReader, Bzip2Fault, OutOfInput } from "./bitReader.ts";
import { Bzip2BlockDecoder } from "./bzip2Block.ts";
import { CompressionError, type StepDecoder } from "./compressionError.ts";

const blockMark = 0x314159265359;
const endMark = 0x177245385090;
// A block of 900,000 bytes that does not shrink takes a little more than that: with this much at hand a block is rarely tried twice.
const inputAtHand = 1_000_000;

/** A decoder that is given pieces of a bzip2 file in order. */
export class Bzip2Decoder implements StepDecoder {
  readonly #onProduced: (bytes: number) => void;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #needed = inputAtHand;
  /** Bits of the first pending byte that were used already. */
  #usedBits = 0;
  #stream: { readonly blocks: Bzip2BlockDecoder; checksum: number } | undefined;
  #streams = 0;

  constructor(onProduced: (bytes: number) => void) {
    this.#onProduced = onProduced;
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
        this.#onProduced(block.length);
        yield block;
      }
      this.#needed = inputAtHand;
    } catch (error) {
      if (error instanceof Bzip2Fault) throw new CompressionError(error.message, false, { cause: error });
      if (!(error instanceof OutOfInput)) throw error;
      if (final) throw new CompressionError(error.message, true, { cause: error });
      // A block that takes up more than the usual: wait for twice as much before it is tried again.
      this.#needed = input.length * 2;
    }
    this.#pending = [input.subarray(done >>> 3)];
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
    const start = bits.position;
    if (this.#stream === undefined) {
      const level = bits.read(24) === 0x425a68 ? bits.read(8) - 0x30 : 0;
      if (level < 1 || level > 9) throw new Bzip2Fault("no bzip2 stream starts here");
      this.#stream = { blocks: new Bzip2BlockDecoder(level), checksum: 0 };
      this.#streams += 1;
      return undefined;
    }
    const mark = bits.read(24) * 2 ** 24 + bits.read(24);
    if (mark === endMark) {
      if (bits.read(32) !== this.#stream.checksum)
        throw new Bzip2Fault("the stream's checksum does not fit its blocks");
      bits.alignToByte();
      this.#stream = undefined;
      return undefined;
    }
    if (mark !== blockMark) throw new Bzip2Fault(`neither a block nor an end at bit ${start} of what is at hand`);
    const { bytes, checksum } = this.#stream.blocks.decode(bits);
    this.#stream.checksum = (checksum ^ ((this.#stream.checksum << 1) | (this.#stream.checksum >>> 31))) >>> 0;
    return bytes;
  }
}
