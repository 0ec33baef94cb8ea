// A hash table from short sequences of 16-bit units to entry numbers 0, 1, 2, …: open addressing over typed arrays, so that a
// look-up makes no string and no garbage. It holds pieces of text (UTF-16) and the bytes of vocabulary entries alike.

const initialSlots = 1 << 10;
const slotFields = 4;
const initialUnits = 1 << 13;

/** Hash of `units[start, end)`, as {@link WordTable} expects it (FNV-1a with a final mix). */
export function hashUnits(units: Uint16Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ units[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

export class WordTable {
  /** How many entries there are. */
  size = 0;
  /** Records (hash, entry + 1, start, length), so that a look-up reads one cache line; entry + 1 is 0 in a free slot. */
  #slots = new Int32Array(initialSlots * slotFields);
  #mask = initialSlots - 1;
  /** The units of all entries one after the other; entry `e` is `[ends[e - 1], ends[e])`, the first starts at 0. */
  #units = new Uint16Array(initialUnits);
  #ends = new Uint32Array(initialSlots >> 1);
  #used = 0;

  /** How many units the entries have together. */
  get unitCount(): number {
    return this.#used;
  }

  /** How much memory the table takes. */
  get bytes(): number {
    return this.#slots.byteLength + this.#units.byteLength + this.#ends.byteLength;
  }

  /** The units that {@link start} and {@link end} point into; a new array after growth. */
  get units(): Uint16Array {
    return this.#units;
  }

  /** Where the units of `entry` start. */
  start(entry: number): number {
    return entry === 0 ? 0 : this.#ends[entry - 1]!;
  }

  /** Where the units of `entry` end. */
  end(entry: number): number {
    return this.#ends[entry]!;
  }

  /** The entry that equals `units[start, end)`, or -1. */
  find(units: Uint16Array, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const at = slot * slotFields;
      const entry = slots[at + 1]! - 1;
      if (entry < 0) return -1;
      if (slots[at] === hash && slots[at + 3] === end - start && this.#startsWith(slots[at + 2]!, units, start, end)) {
        return entry;
      }
    }
  }

  #startsWith(own: number, units: Uint16Array, start: number, end: number): boolean {
    const ownUnits = this.#units;
    for (let at = start; at < end; at++) if (ownUnits[own++] !== units[at]) return false;
    return true;
  }

  /** Adds `units[start, end)`, which must not be present, and returns its entry. */
  add(units: Uint16Array, start: number, end: number, hash: number): number {
    const entry = this.size++;
    if (entry === this.#ends.length) this.#grow();
    const used = this.#used + end - start;
    if (used > this.#units.length) this.#units = grown(this.#units, used);
    for (let i = start, at = this.#used; i < end; i++) this.#units[at++] = units[i]!;
    this.#used = used;
    this.#ends[entry] = used;
    this.#insert(hash, entry);
    return entry;
  }

  /** Forgets all entries and keeps the memory. */
  clear(): void {
    this.size = 0;
    this.#used = 0;
    this.#slots.fill(0);
  }

  #insert(hash: number, entry: number): void {
    let slot = hash & this.#mask;
    while (this.#slots[slot * slotFields + 1] !== 0) slot = (slot + 1) & this.#mask;
    const at = slot * slotFields;
    this.#slots[at] = hash;
    this.#slots[at + 1] = entry + 1;
    this.#slots[at + 2] = this.start(entry);
    this.#slots[at + 3] = this.end(entry) - this.start(entry);
  }

  /** Doubles the slots, which are at most half full. */
  #grow(): void {
    const old = this.#slots;
    const ends = new Uint32Array(this.#ends.length * 2);
    ends.set(this.#ends);
    this.#ends = ends;
    this.#slots = new Int32Array(old.length * 2);
    this.#mask = this.#slots.length / slotFields - 1;
    for (let at = 0; at < old.length; at += slotFields) {
      if (old[at + 1] !== 0) this.#insert(old[at]!, old[at + 1]! - 1);
    }
  }
}

function grown(units: Uint16Array, needed: number): Uint16Array<ArrayBuffer> {
  const larger = new Uint16Array(Math.max(needed, units.length * 2));
  larger.set(units);
  return larger;
}
