// The code units of a text in a typed array, which scanners and hash tables work on.
import { maxShortUnits } from "./shortPieces.ts";

/** Larger arrays are not kept for the next text. In code units. */
const keptUnits = 1 << 20;

/** Holds one text at a time, in memory that is used again. */
export class TextUnits {
  /** The code units of the text, and room for more. Another array after each {@link load} that needs more room. */
  units = new Uint16Array(1024);
  /** The same memory. */
  view = new DataView(this.units.buffer);

  /** The code units of `text`, in an array that is longer than it; valid until the next call. */
  load(text: string): Uint16Array {
    const needed = text.length + maxShortUnits;
    if (this.units.length < needed || this.units.length > keptUnits) {
      this.units = new Uint16Array(Math.max(needed, Math.min(needed * 2, keptUnits)));
      this.view = new DataView(this.units.buffer);
    }
    // One copy of the whole text takes a fifth of the time of a loop over its code units.
    Buffer.from(this.units.buffer).write(text, "utf16le");
    return this.units;
  }
}
