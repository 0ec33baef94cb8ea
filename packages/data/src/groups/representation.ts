// Holds the shares that groups have against those they should have.
import { DataError } from "../errors.ts";

/** One group against its target. */
export interface GroupRepresentation {
  readonly group: string;
  readonly count: number;
  readonly share: number;
  readonly target: number;
  /** Share / target: below 1 for a group that is too rare. */
  readonly ratio: number;
}

/** All groups of an attribute against a target. */
export interface RepresentationReport {
  /** The most under-represented group first. */
  readonly groups: readonly GroupRepresentation[];
  /** Half the sum of differences: the share of mentions that would have to change (total variation). 0 to 1. */
  readonly distance: number;
  /** Kullback-Leibler divergence of the shares from the target, in bits; Infinity where a group without target is there. */
  readonly divergence: number;
}

/**
 * Compares counts of groups (of `measureGroups`, or of documents) with a target, which is scaled to sum to 1.
 *
 * @throws DataError where nothing was counted or the target is empty.
 * @example
 * representationReport({ female: 30, male: 70 }, { female: 0.5, male: 0.5 }).distance; // 0.2
 */
export function representationReport(
  counts: Readonly<Record<string, number>>,
  target: Readonly<Record<string, number>>,
): RepresentationReport {
  const total = sumOf("counts", counts);
  const targetTotal = sumOf("target", target);
  const names = [...new Set([...Object.keys(counts), ...Object.keys(target)])];
  const groups = names.map((group) => {
    const count = counts[group] ?? 0;
    const share = count / total;
    const wanted = (target[group] ?? 0) / targetTotal;
    return { group, count, share, target: wanted, ratio: share === 0 && wanted === 0 ? 1 : share / wanted };
  });
  return {
    groups: groups.sort((a, b) => a.ratio - b.ratio),
    distance: groups.reduce((sum, { share, target: wanted }) => sum + Math.abs(share - wanted), 0) / 2,
    divergence: groups.reduce((sum, { share, ratio }) => sum + (share === 0 ? 0 : share * Math.log2(ratio)), 0),
  };
}

function sumOf(name: string, values: Readonly<Record<string, number>>): number {
  for (const [group, value] of Object.entries(values)) {
    if (!(value >= 0 && Number.isFinite(value))) {
      throw new DataError(`representationReport: ${name}.${group}: expected a finite number from 0, got ${value}`);
    }
  }
  const sum = Object.values(values).reduce((total, value) => total + value, 0);
  if (sum === 0) throw new DataError(`representationReport: ${name}: expected numbers with a sum above 0`);
  return sum;
}
