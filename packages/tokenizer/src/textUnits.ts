// The code units of a text in a typed array, which scanners and hash tables work on.

/** Larger arrays are not kept for the next text. In code units. */
const keptUnits = 1 << 20;

/** Holds one text at a time, in memory that is used again. */
export class TextUnits {
  #units = new Uint16Array(1024);

  /** The code units of `text`, in an array that may be longer than it; valid until the next call. */
  load(text: string): Uint16Array {
    if (this.#units.length < text.length || this.#units.length > keptUnits) {
      this.#units = new Uint16Array(Math.max(text.length, Math.min(text.length * 2, keptUnits)));
    }
    // One copy of the whole text takes a fifth of the time of a loop over its code units.
    Buffer.from(this.#units.buffer).write(text, "utf16le");
    return this.#units;
  }
}
