// The bytes of every id in one array, as decoding needs them.

import { TokenizerError } from "./errors.ts";

export class TokenBytes {
  readonly #bytes: Uint8Array;
  /** Token `id` is `[offsets[id], offsets[id + 1])`. */
  readonly #offsets: Uint32Array;
  readonly #known: Uint8Array;
  readonly #size: number;

  /** @param bytesOf the bytes of each id below `size`; undefined for ids that are no token */
  constructor(size: number, bytesOf: (id: number) => ArrayLike<number> | undefined) {
    this.#size = size;
    this.#offsets = new Uint32Array(size + 1);
    this.#known = new Uint8Array(size);
    let bytes = new Uint8Array(size * 8);
    let used = 0;
    for (let id = 0; id < size; id++) {
      const own = bytesOf(id);
      if (own) {
        if (used + own.length > bytes.length) {
          const larger = new Uint8Array((used + own.length) * 2);
          larger.set(bytes);
          bytes = larger;
        }
        bytes.set(own, used);
        used += own.length;
        this.#known[id] = 1;
      }
      this.#offsets[id + 1] = used;
    }
    this.#bytes = bytes.slice(0, used);
  }

  /**
   * The bytes of all ids but the skipped ones, one after the other.
   * @throws TokenizerError for an id that is no token
   */
  concatenate(ids: ArrayLike<number>, skip: ReadonlySet<number>): Uint8Array {
    let length = 0;
    for (let i = 0; i < ids.length; i++) length += this.#length(ids[i]!, i);
    const out = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (skip.size > 0 && skip.has(id)) continue;
      const end = this.#offsets[id + 1]!;
      for (let from = this.#offsets[id]!; from < end; from++) out[at++] = this.#bytes[from]!;
    }
    return at === length ? out : out.subarray(0, at);
  }

  #length(id: number, index: number): number {
    if (this.#known[id] !== 1) {
      throw new TokenizerError(
        `decode: id ${id} at index ${index} is no token of this vocabulary of ${this.#size} ` +
          "(decode with the tokenizer that made the ids)",
      );
    }
    return this.#offsets[id + 1]! - this.#offsets[id]!;
  }
}
