// How much of each language, domain or source a training sees: rare ones more than their size, up to a cap on their repetition.
import { DataError } from "../errors.ts";

/** Options of `samplingShares`. */
export interface SamplingOptions {
  /**
   * A share is proportional to size^(1 / temperature). 1 keeps the sizes' proportions; mT5's alpha of 0.3 is 3.33 (Xue et al.
   * 2021); Infinity gives all the same share, which with `maxEpochs` is UniMax (Chung et al. 2023). Default 1 / 0.3.
   */
  readonly temperature?: number;
  /** Passes over a source that are not exceeded; what it would have had beyond them goes to the others. Default: no limit. */
  readonly maxEpochs?: number;
  /** What the training will see in all, in the unit of the sizes. Default: the sum of the sizes. */
  readonly budget?: number;
}

/** What one source gets. */
export interface SamplingShare {
  /** Share of what is seen; all of them sum to 1. */
  readonly share: number;
  /** What is seen of it, in the unit of the sizes. */
  readonly amount: number;
  /** Passes over it: amount / size. */
  readonly epochs: number;
}

/**
 * The share of each source by its size (in tokens, documents, or bytes). Where every source reaches `maxEpochs`, less than the
 * budget is seen.
 *
 * @throws DataError for no sources, and for sizes and options that are not above 0.
 * @example
 * samplingShares({ en: 900, de: 90, is: 10 }, { temperature: Infinity, budget: 300, maxEpochs: 4 });
 * // en and de: 130 each, is: 40, four times its size
 */
export function samplingShares<Name extends string>(
  sizes: Readonly<Record<Name, number>>,
  options: SamplingOptions = {},
): Record<Name, SamplingShare> {
  const names = Object.keys(sizes) as Name[];
  const { temperature = 1 / 0.3, maxEpochs = Number.POSITIVE_INFINITY } = options;
  const budget = options.budget ?? names.reduce((total, name) => total + sizes[name], 0);
  if (names.length === 0) throw new DataError("samplingShares: expected the size of at least one source, got none");
  for (const [name, value] of Object.entries({ temperature, maxEpochs })) {
    if (!(value > 0)) throw new DataError(`samplingShares: ${name}: expected a number above 0, got ${value}`);
  }
  for (const [name, value] of [...Object.entries<number>(sizes), ["budget", budget] as const]) {
    if (!(value > 0 && Number.isFinite(value))) {
      throw new DataError(`samplingShares: ${name}: expected a finite number above 0, got ${value}`);
    }
  }
  const largest = Math.max(...names.map((name) => sizes[name]));
  const amounts = fill(names, {
    budget,
    // Against the largest, as a low temperature would take the sizes themselves beyond all numbers.
    weightOf: (name) => (sizes[name] / largest) ** (1 / temperature),
    capOf: (name) => sizes[name] * maxEpochs,
  });
  const seen = names.reduce((total, name) => total + amounts.get(name)!, 0);
  return Object.fromEntries(
    names.map((name) => {
      const amount = amounts.get(name)!;
      return [name, { share: amount / seen, amount, epochs: amount / sizes[name] }];
    }),
  ) as Record<Name, SamplingShare>;
}

/** Divides the budget by weight; those that reach their cap leave, and the rest is divided anew. */
function fill<Name extends string>(
  names: readonly Name[],
  options: {
    readonly budget: number;
    readonly weightOf: (name: Name) => number;
    readonly capOf: (name: Name) => number;
  },
): Map<Name, number> {
  const { weightOf, capOf } = options;
  const amounts = new Map<Name, number>();
  // By the part of the budget at which each reaches its cap, so that one pass finds all that do; without caps by weight.
  const part = (name: Name): number => capOf(name) / weightOf(name);
  const order = [...names].sort((a, b) => (part(a) === part(b) ? weightOf(b) - weightOf(a) : part(a) - part(b)));
  // What each and those behind it weigh together, summed from the end: differences would lose small weights beside large ones.
  const weights = Float64Array.from(order, weightOf);
  for (let place = weights.length - 2; place >= 0; place--) weights[place]! += weights[place + 1]!;
  let budget = options.budget;
  for (const [place, name] of order.entries()) {
    const share = weights[place] === 0 ? 0 : weightOf(name) / weights[place]!;
    const amount = Math.min(budget * share, capOf(name));
    amounts.set(name, amount);
    budget = Math.max(budget - amount, 0);
  }
  return amounts;
}
