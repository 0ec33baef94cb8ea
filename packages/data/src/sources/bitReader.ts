// Bits from the highest on, for bzip2, whose blocks begin and end within bytes.

/** Damaged bzip2 data. */
export class Bzip2Fault extends Error {
  override name = "Bzip2Fault";
}

/** The bytes at hand end before what is being read does: more are needed, or the file was cut. */
export class OutOfInput extends Error {
  override name = "OutOfInput";

  constructor() {
    super("the compressed data ends too early");
  }
}

/** What may be looked at beyond the end before that is seen: a word. */
const padding = 8;

/** A cursor over bits. */
export class BitReader {
  /** The bytes, followed by zeros that may be read ahead. */
  readonly bytes: Uint8Array;
  /** Bits in all. */
  readonly end: number;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = new Uint8Array(bytes.length + padding);
    this.bytes.set(bytes);
    this.end = bytes.length * 8;
  }

  /** Bits taken so far. */
  get position(): number {
    return this.#position;
  }

  /** @throws OutOfInput when `position` lies beyond the end. */
  moveTo(position: number): void {
    if (position > this.end) throw new OutOfInput();
    this.#position = position;
  }

  /** The next `count` bits, at most 32, as a number. */
  read(count: number): number {
    if (count > 16) return this.read(count - 16) * 65_536 + this.read(16);
    const at = this.#position >>> 3;
    const word =
      ((this.bytes[at] as number) << 16) | ((this.bytes[at + 1] as number) << 8) | (this.bytes[at + 2] as number);
    const shift = 24 - (this.#position & 7) - count;
    this.moveTo(this.#position + count);
    return (word >>> shift) & ((1 << count) - 1);
  }

  /** Moves to the start of the next whole byte. */
  alignToByte(): void {
    this.#position = (this.#position + 7) & ~7;
  }
}
