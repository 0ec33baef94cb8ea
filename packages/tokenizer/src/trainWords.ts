// The first half of training: counts each distinct piece of the texts.
import { type PieceCutter, pieceEnds } from "./pieceCutter.ts";
import { TextUnits } from "./textUnits.ts";
import { hashUnits, WordTable } from "./wordTable.ts";

/** A {@link WordCounter} as plain arrays, which one thread can hand to another. */
export interface CountedWords {
  /** The UTF-16 code units of all pieces, one after the other. */
  readonly units: Uint16Array<ArrayBuffer>;
  /** Where the units of each piece end. */
  readonly ends: Uint32Array<ArrayBuffer>;
  readonly counts: Float64Array<ArrayBuffer>;
}

/** Distinct pieces with their counts. Counts are doubles: exact up to 2^53. */
export class WordCounter {
  readonly #table = new WordTable();
  readonly #counts: number[] = [];
  readonly #text = new TextUnits();

  /** How many distinct pieces there are. */
  get size(): number {
    return this.#table.size;
  }

  /** About how much memory the counts take. */
  get bytes(): number {
    return this.#table.bytes + this.size * 8;
  }

  /** Counts the pieces of `text`. */
  add(text: string, cutter: PieceCutter): void {
    this.addUnits(this.#text.load(text), 0, text.length, cutter);
  }

  /** Counts the pieces of the text `units[start, end)`. */
  addUnits(units: Uint16Array, start: number, end: number, cutter: PieceCutter): void {
    for (let at = start; at < end; ) {
      const from = at;
      const count = cutter.cut(units, from, end);
      for (let piece = 0; piece < count; piece++) {
        const stop = from + pieceEnds[piece]!;
        this.#count(units, at, stop, 1);
        at = stop;
      }
    }
  }

  /** Adds the counts of another counter. */
  addCounted({ units, ends, counts }: CountedWords): void {
    for (let word = 0; word < ends.length; word++) {
      this.#count(units, word === 0 ? 0 : ends[word - 1]!, ends[word]!, counts[word]!);
    }
  }

  #count(units: Uint16Array, start: number, end: number, times: number): void {
    const hash = hashUnits(units, start, end);
    let entry = this.#table.find(units, start, end, hash);
    if (entry < 0) {
      entry = this.#table.add(units, start, end, hash);
      this.#counts.push(0);
    }
    this.#counts[entry]! += times;
  }

  /** What has been counted. */
  counted(): CountedWords {
    return {
      units: this.#table.units.slice(0, this.#table.unitCount),
      ends: Uint32Array.from({ length: this.size }, (_, entry) => this.#table.end(entry)),
      counts: Float64Array.from(this.#counts),
    };
  }

  /** Each distinct piece as text; a lone surrogate in it is U+FFFD. */
  *words(): Generator<{ readonly word: string; readonly count: number }> {
    // U+FEFF at the start of a piece is a character like any other.
    const decoder = new TextDecoder("utf-16le", { ignoreBOM: true });
    for (let entry = 0; entry < this.size; entry++) {
      const units = this.#table.units.subarray(this.#table.start(entry), this.#table.end(entry));
      yield { word: decoder.decode(units), count: this.#counts[entry]! };
    }
  }
}
