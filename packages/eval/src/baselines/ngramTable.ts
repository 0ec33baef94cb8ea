// The n-grams of one order as a hash table in typed arrays: (id of the first n - 1 tokens, last token) → id, 12 bytes an n-gram
// and 4 bytes a slot, where an object per n-gram would take 100.

const empty = -1;
/** Slots are doubled when more than this share is taken. */
const maximumLoad = 0.7;

export class NgramTable {
  /** By n-gram: the id of its first n - 1 tokens in the table of the order below. */
  contexts = new Int32Array(1024);
  /** By n-gram: its last token. */
  tokens = new Int32Array(1024);
  /** By n-gram: how often it was counted. */
  counts = new Uint32Array(1024);
  /** N-grams in the table; their ids are 0 to `size - 1`. */
  size = 0;
  #slots = new Int32Array(2048).fill(empty);

  /** The id of the n-gram, or -1. */
  find(context: number, token: number): number {
    return this.#slots[this.#slotOf(context, token)]!;
  }

  /** The id of the n-gram, which is added with count 0 where it is missing. */
  add(context: number, token: number): number {
    const slot = this.#slotOf(context, token);
    const known = this.#slots[slot]!;
    if (known !== empty) return known;
    const id = this.size++;
    if (id === this.contexts.length) this.#growEntries();
    this.contexts[id] = context;
    this.tokens[id] = token;
    this.#slots[slot] = id;
    if (this.size > this.#slots.length * maximumLoad) this.#growSlots();
    return id;
  }

  /** The slot that holds the n-gram, or the empty one where it belongs. */
  #slotOf(context: number, token: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(context, token) & mask;
    for (;;) {
      const id = this.#slots[slot]!;
      if (id === empty || (this.contexts[id] === context && this.tokens[id] === token)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #growEntries(): void {
    const capacity = this.contexts.length + (this.contexts.length >> 1);
    this.contexts = grown(this.contexts, new Int32Array(capacity));
    this.tokens = grown(this.tokens, new Int32Array(capacity));
    this.counts = grown(this.counts, new Uint32Array(capacity));
  }

  #growSlots(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(empty);
    const mask = this.#slots.length - 1;
    for (let id = 0; id < this.size; id++) {
      let slot = hash(this.contexts[id]!, this.tokens[id]!) & mask;
      while (this.#slots[slot] !== empty) slot = (slot + 1) & mask;
      this.#slots[slot] = id;
    }
  }
}

function grown<T extends Int32Array | Uint32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** Both numbers multiplied by odd constants, then mixed by MurmurHash3's finalizer (Appleby 2011). */
function hash(context: number, token: number): number {
  let h = Math.imul(context, 0x9e3779b1) ^ Math.imul(token, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
