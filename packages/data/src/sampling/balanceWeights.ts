// Weights that give a collection the shares one wants, over one attribute (importance weights) or several at once (raking, that is
// iterative proportional fitting: Deming and Stephan 1940).
import { DataError } from "../errors.ts";

/** Shares wanted: attribute, then category, then share. Those of one attribute are scaled to sum to 1. */
export type TargetShares = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Options of `balanceWeights`. */
export interface BalanceOptions {
  /** Largest weight of a row, the mean being 1: keeps a few rare documents from counting for everything. Default: no limit. */
  readonly maxWeight?: number;
  /** Largest difference between a share and its target to be content with. Default 1e-6. */
  readonly tolerance?: number;
  /** Rounds over the attributes. Default 200. */
  readonly maxIterations?: number;
}

/** Weights and what they reach. */
export interface BalanceResult {
  /** One per row; their mean is 1, or less where no row may have more than `maxWeight` and the others are to have none. */
  readonly weights: Float64Array;
  /** Shares with these weights. */
  readonly shares: TargetShares;
  /** Largest difference between a share and its target: above the tolerance where targets contradict each other or the cap. */
  readonly largestDifference: number;
  /** How many equally weighted rows would vary as much (Kish): (sum of weights)^2 / sum of squared weights. */
  readonly effectiveRows: number;
  readonly iterations: number;
}

/**
 * Weights for rows (documents, examples) so that the weighted share of each category is the target's.
 *
 * @param rows each row's category of every attribute that has a target.
 * @throws DataError for rows with a category that the target does not know, targets that no row can meet, and impossible options.
 * @example
 * const rows = [{ gender: "female" }, { gender: "male" }, { gender: "male" }, { gender: "male" }];
 * balanceWeights(rows, { gender: { female: 0.5, male: 0.5 } }).weights; // 2, 0.67, 0.67, 0.67
 */
export function balanceWeights(
  rows: readonly Readonly<Record<string, string>>[],
  targets: TargetShares,
  options: BalanceOptions = {},
): BalanceResult {
  const { maxWeight = Number.POSITIVE_INFINITY, tolerance = 1e-6, maxIterations = 200 } = options;
  if (!(maxWeight >= 1))
    throw new DataError(`balanceWeights: maxWeight: expected a number of at least 1, got ${maxWeight}`);
  if (rows.length === 0) throw new DataError("balanceWeights: expected at least one row, got none");
  const attributes = Object.entries(targets).map(([name, shares]) => readAttribute(name, shares, rows));
  const weights = new Float64Array(rows.length).fill(1);
  let iterations = 0;
  let difference = largestDifference(attributes, weights);
  while (difference > tolerance && iterations < maxIterations) {
    for (const attribute of attributes) fit(attribute, weights);
    cap(weights, maxWeight);
    iterations += 1;
    const former = difference;
    difference = largestDifference(attributes, weights);
    // Against a cap or contradicting targets it settles at a distance.
    if (Math.abs(former - difference) < 1e-14) break;
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const squares = weights.reduce((sum, weight) => sum + weight * weight, 0);
  return {
    weights,
    shares: Object.fromEntries(attributes.map((attribute) => [attribute.name, namedShares(attribute, weights)])),
    largestDifference: difference,
    effectiveRows: total ** 2 / squares,
    iterations,
  };
}

interface Attribute {
  readonly name: string;
  readonly categories: readonly string[];
  /** Target share by category. */
  readonly targets: readonly number[];
  /** Category of each row, by number. */
  readonly codes: Int32Array;
}

function readAttribute(
  name: string,
  shares: Readonly<Record<string, number>>,
  rows: readonly Readonly<Record<string, string>>[],
): Attribute {
  const categories = Object.keys(shares);
  const total = categories.reduce((sum, category) => sum + shares[category]!, 0);
  for (const category of categories) {
    const share = shares[category]!;
    if (share >= 0 && Number.isFinite(share) && total > 0) continue;
    throw new DataError(
      `balanceWeights: target ${name}.${category}: expected shares from 0 with a sum above 0, got ${share}`,
    );
  }
  const places = new Map(categories.map((category, i) => [category, i]));
  const found = categories.map(() => 0);
  const codes = Int32Array.from(rows, (row, i) => {
    const code = places.get(row[name]!);
    if (code === undefined) {
      throw new DataError(
        `balanceWeights: row ${i}: ${name}: expected one of ${categories.join(", ")}, got ${row[name]} (give it a target share, or leave the row out)`,
      );
    }
    found[code]! += 1;
    return code;
  });
  const absent = categories.findIndex((category, i) => shares[category]! > 0 && found[i] === 0);
  if (absent >= 0) {
    throw new DataError(
      `balanceWeights: target ${name}.${categories[absent]}: no row has this category, and weights cannot make one (add such rows, or drop the target)`,
    );
  }
  return { name, categories, targets: categories.map((category) => shares[category]! / total), codes };
}

function sharesOf({ categories, codes }: Attribute, weights: Float64Array): number[] {
  const sums = categories.map(() => 0);
  let total = 0;
  for (let i = 0; i < codes.length; i++) {
    sums[codes[i]!]! += weights[i]!;
    total += weights[i]!;
  }
  return sums.map((sum) => sum / total);
}

function namedShares(attribute: Attribute, weights: Float64Array): Record<string, number> {
  const shares = sharesOf(attribute, weights);
  return Object.fromEntries(attribute.categories.map((category, i) => [category, shares[i]!]));
}

function fit(attribute: Attribute, weights: Float64Array): void {
  const shares = sharesOf(attribute, weights);
  const factors = attribute.targets.map((target, i) => (shares[i] === 0 ? 1 : target / shares[i]!));
  for (let i = 0; i < weights.length; i++) weights[i]! *= factors[attribute.codes[i]!]!;
}

/** Lowers the weights above the limit and raises the others in proportion, until the mean is 1 and none is above. */
function cap(weights: Float64Array, maxWeight: number): void {
  for (let above = 1; above > 1e-12; ) {
    let capped = 0;
    let rest = 0;
    for (let i = 0; i < weights.length; i++) {
      weights[i] = Math.min(weights[i]!, maxWeight);
      if (weights[i] === maxWeight) capped += maxWeight;
      else rest += weights[i]!;
    }
    const factor = rest === 0 ? 1 : (weights.length - capped) / rest;
    above = 0;
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] === maxWeight) continue;
      weights[i]! *= factor;
      above = Math.max(above, weights[i]! - maxWeight);
    }
  }
}

function largestDifference(attributes: readonly Attribute[], weights: Float64Array): number {
  const differences = attributes.flatMap((attribute) =>
    sharesOf(attribute, weights).map((share, i) => Math.abs(share - attribute.targets[i]!)),
  );
  return Math.max(0, ...differences);
}
