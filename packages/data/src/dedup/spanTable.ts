// A table of hashes of stretches of text: which were met more than once, and which document keeps each. 25 to 50 bytes a stretch.

const fields = 4;
/** Bytes of an entry in `toBytes`. */
export const entryBytes = fields * 4 + 8 + 1;
const firstSlots = 1024;

/**
 * For each hash of 64 bits its owner: the one met at the smallest place. Tables filled from parts of a corpus and merged in any
 * order are equal to one filled from the whole.
 */
export class SpanTable {
  #slots = firstSlots;
  /** Per slot: both halves of the hash, both halves of the owner. */
  #words = new Int32Array(0);
  #places = new Float64Array(0);
  #isRepeated = new Uint8Array(0);
  #size = 0;

  constructor() {
    this.#reset();
  }

  /** Distinct hashes. */
  get size(): number {
    return this.#size;
  }

  /** Counts one occurrence; of several at one place the first is the owner. */
  add(high: number, low: number, owner: { readonly high: number; readonly low: number }, place: number): void {
    this.#put({ high, low, ownerHigh: owner.high, ownerLow: owner.low, place, isRepeated: false });
  }

  /** Whether the hash was met more than once and this is not its owner. */
  isRepeat(high: number, low: number, owner: { readonly high: number; readonly low: number }): boolean {
    const slot = this.#slotOf(high, low);
    if (this.#places[slot]! < 0 || this.#isRepeated[slot] === 0) return false;
    return this.#words[slot * fields + 2] !== owner.high || this.#words[slot * fields + 3] !== owner.low;
  }

  /** Takes in another table's occurrences. */
  merge(other: SpanTable): void {
    for (const entry of other.#entries()) this.#put(entry);
  }

  /** Forgets what was met once, so that only repeated hashes take memory. */
  dropUnique(): void {
    const repeated = [...this.#entries()].filter(({ isRepeated }) => isRepeated);
    this.#reset();
    for (const entry of repeated) this.#put(entry);
  }

  /** The entries as bytes, 25 each. */
  toBytes(): Buffer {
    const bytes = Buffer.alloc(this.#size * entryBytes);
    let at = 0;
    for (const { high, low, ownerHigh, ownerLow, place, isRepeated } of this.#entries()) {
      for (const half of [high, low, ownerHigh, ownerLow]) at = bytes.writeInt32LE(half, at);
      at = bytes.writeDoubleLE(place, at);
      at = bytes.writeUInt8(isRepeated ? 1 : 0, at);
    }
    return bytes;
  }

  /** Takes in the entries that `toBytes` wrote. */
  addBytes(bytes: Buffer): void {
    for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes) {
      const [high, low, ownerHigh, ownerLow] = [0, 4, 8, 12].map((offset) => bytes.readInt32LE(at + offset)) as [
        number,
        number,
        number,
        number,
      ];
      const isRepeated = bytes.readUInt8(at + 24) === 1;
      this.#put({ high, low, ownerHigh, ownerLow, place: bytes.readDoubleLE(at + 16), isRepeated });
    }
  }

  *#entries(): Generator<Entry> {
    for (let slot = 0; slot < this.#slots; slot++) if (this.#places[slot]! >= 0) yield this.#entry(slot);
  }

  #put(entry: Entry): void {
    const slot = this.#slotOf(entry.high, entry.low);
    const place = this.#places[slot]!;
    if (place < 0) {
      this.#write(slot, entry);
      this.#size += 1;
      if (this.#size * 2 > this.#slots) this.#grow();
      return;
    }
    if (entry.place < place) this.#write(slot, entry);
    this.#isRepeated[slot] = 1;
  }

  #entry(slot: number): Entry {
    const at = slot * fields;
    return {
      high: this.#words[at]!,
      low: this.#words[at + 1]!,
      ownerHigh: this.#words[at + 2]!,
      ownerLow: this.#words[at + 3]!,
      place: this.#places[slot]!,
      isRepeated: this.#isRepeated[slot] === 1,
    };
  }

  #write(slot: number, { high, low, ownerHigh, ownerLow, place, isRepeated }: Entry): void {
    this.#words.set([high, low, ownerHigh, ownerLow], slot * fields);
    this.#places[slot] = place;
    this.#isRepeated[slot] = isRepeated ? 1 : 0;
  }

  /** The slot of the hash, or the free one where it belongs: linear probing. */
  #slotOf(high: number, low: number): number {
    const mask = this.#slots - 1;
    let slot = (low ^ Math.imul(high, 0x9e3779b1)) & mask;
    while (
      this.#places[slot]! >= 0 &&
      (this.#words[slot * fields] !== high || this.#words[slot * fields + 1] !== low)
    ) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #reset(): void {
    this.#size = 0;
    this.#allocate(firstSlots);
  }

  #allocate(slots: number): void {
    this.#slots = slots;
    this.#words = new Int32Array(slots * fields);
    this.#places = new Float64Array(slots).fill(-1);
    this.#isRepeated = new Uint8Array(slots);
  }

  #grow(): void {
    const [words, places, isRepeated, slots] = [this.#words, this.#places, this.#isRepeated, this.#slots];
    this.#allocate(slots * 2);
    for (let from = 0; from < slots; from++) {
      if (places[from]! < 0) continue;
      const slot = this.#slotOf(words[from * fields]!, words[from * fields + 1]!);
      this.#words.set(words.subarray(from * fields, (from + 1) * fields), slot * fields);
      this.#places[slot] = places[from]!;
      this.#isRepeated[slot] = isRepeated[from]!;
    }
  }
}

interface Entry {
  readonly high: number;
  readonly low: number;
  readonly ownerHigh: number;
  readonly ownerLow: number;
  readonly place: number;
  readonly isRepeated: boolean;
}
