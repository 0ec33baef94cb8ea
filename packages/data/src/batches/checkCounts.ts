// Options of batches that are counts.
import { DataError } from "../errors.ts";

/** Throws a `DataError` that names the option and where it was given, unless each is a whole number above 0. */
export function checkCounts(where: string, counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    if (name === "epochs" && value === Number.POSITIVE_INFINITY) continue;
    throw new DataError(`${where}: ${name}: expected a whole number above 0, got ${value}`);
  }
}

/** Throws a `DataError` unless the seed is one. */
export function checkSeed(where: string, seed: number): void {
  if (!Number.isSafeInteger(seed)) throw new DataError(`${where}: seed: expected a safe integer, got ${seed}`);
}
