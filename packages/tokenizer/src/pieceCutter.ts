// Cuts texts into pieces, many at a time. Where a word ends cannot be predicted, so that a scanner that goes from word to word
// makes the processor start over at each; here one look-up per character and no branch tell where pieces start, and a scanner
// decides only what that leaves open.

import type { Scanner } from "./scanners.ts";
import { classifyUnits, decideAll, FOREIGN, startRules } from "./startRules.ts";
import {
  decideStarts,
  decisionTables,
  endCount,
  stretch,
  stretchEnds,
  stretchUnits,
  unitClasses,
} from "./wasm/pieceStarts.ts";

const tab = 9;

/** Where the pieces end that {@link PieceCutter.cut} found last, counted from the start of the first. */
export const pieceEnds = stretchEnds;

export class PieceCutter {
  readonly #scan: Scanner;
  readonly #table: number;

  /** @param rule the rule that says what `scan` says; without one, `scan` decides about all */
  constructor(scan: Scanner, rule?: keyof typeof startRules) {
    this.#scan = scan;
    this.#table = rule ? Object.keys(startRules).indexOf(rule) : -1;
    if (!rule) return;
    unitClasses.set(classifyUnits());
    decisionTables.set(decideAll(startRules[rule]), this.#table << 16);
  }

  /**
   * Finds where some pieces end, one at least, of which the first starts at `start`; returns how many. The ends are in
   * {@link pieceEnds} until the next call.
   * @param units the code units of a text that ends at `end`
   */
  cut(units: Uint16Array, start: number, end: number): number {
    const count = this.#table < 0 ? 0 : this.#cutStretch(units, start, end);
    if (count > 0) return count;
    pieceEnds[0] = this.#scan(units, start, end) - start;
    return 1;
  }

  #cutStretch(units: Uint16Array, start: number, end: number): number {
    const stop = Math.min(end - start, stretch);
    const loaded = units.subarray(start, Math.min(start + stop + 1, end));
    stretchUnits.set(loaded);
    // White space at the end of the text is like white space before more of it.
    if (start + stop === end) stretchUnits[stop] = tab;
    let count = 0;
    for (let piece = 0; piece < stop; ) {
      const undecided = decideStarts(piece, stop, count, this.#table);
      count = endCount[0]!;
      if (undecided === stop) break;
      // What follows a start can take back that and the one before.
      count = Math.max(count - 2, 0);
      piece = count === 0 ? 0 : pieceEnds[count - 1]!;
      do {
        piece = this.#scan(units, start + piece, end) - start;
        pieceEnds[count++] = piece;
      } while (piece <= undecided || (piece < stop && unitClasses[stretchUnits[piece]!] === FOREIGN));
    }
    if (start + stop < end) return Math.max(count - 2, 0);
    if (count === 0 || pieceEnds[count - 1]! < stop) pieceEnds[count++] = stop;
    return count;
  }
}

/** Takes a whole text as one piece. */
export const wholeText = new PieceCutter((_units, _start, end) => end);
