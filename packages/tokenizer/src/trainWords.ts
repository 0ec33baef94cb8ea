// The first half of training: cuts texts into pieces and counts each distinct piece.
import type { Scanner } from "./scanners.ts";
import { TextUnits } from "./textUnits.ts";
import { hashUnits, WordTable } from "./wordTable.ts";

/** Distinct pieces as UTF-8 bytes with their counts. Counts are doubles: exact up to 2^53. */
export class WordCounter {
  readonly #table = new WordTable();
  readonly #counts: number[] = [];
  readonly #text = new TextUnits();

  /** How many distinct pieces there are. */
  get size(): number {
    return this.#table.size;
  }

  /** Counts the pieces of `text`. */
  add(text: string, scan: Scanner): void {
    const units = this.#text.load(text);
    for (let start = 0; start < text.length; ) {
      const end = scan(units, start, text.length);
      const hash = hashUnits(units, start, end);
      let entry = this.#table.find(units, start, end, hash);
      if (entry < 0) {
        entry = this.#table.add(units, start, end, hash);
        this.#counts.push(0);
      }
      this.#counts[entry]! += 1;
      start = end;
    }
  }

  /** Each distinct piece, in the order of first occurrence. */
  *words(): Generator<{ bytes: Uint8Array; count: number }> {
    // U+FEFF at the start of a piece is a character like any other.
    const decoder = new TextDecoder("utf-16le", { ignoreBOM: true });
    const encoder = new TextEncoder();
    for (let entry = 0; entry < this.size; entry++) {
      const units = this.#table.units.subarray(this.#table.start(entry), this.#table.end(entry));
      yield { bytes: encoder.encode(decoder.decode(units)), count: this.#counts[entry]! };
    }
  }
}
