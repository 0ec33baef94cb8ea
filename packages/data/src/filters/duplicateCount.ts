// How much of a list repeats earlier entries.
import { countCodePoints } from "./textScan.ts";

/** Entries that are equal to an earlier one, and the code points in them. */
export interface DuplicateCount {
  readonly entries: number;
  readonly length: number;
}

/** Counts the entries that are equal to an earlier one. */
export function countDuplicates(entries: readonly string[]): DuplicateCount {
  const seen = new Set<string>();
  let duplicates = 0;
  let length = 0;
  for (const entry of entries) {
    if (seen.size === seen.add(entry).size) {
      duplicates += 1;
      length += countCodePoints(entry);
    }
  }
  return { entries: duplicates, length };
}
