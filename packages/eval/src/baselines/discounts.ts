// What modified Kneser-Ney takes off the counts of one order: a closed rule over how many n-grams were seen once to four times
// (Chen and Goodman 1999, equation 26).

/** Taken off counts of 1, 2, and 3 or more. */
export type Discounts = readonly [number, number, number];

/** Where a small corpus has too few n-grams for the rule: the values KenLM falls back to. */
const fallback: Discounts = [0.5, 1, 1.5];

export function modifiedDiscounts({ size, counts }: { size: number; counts: Uint32Array }): Discounts {
  const seen: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  for (let id = 0; id < size; id++) {
    const count = counts[id]!;
    if (count < seen.length) seen[count as 0 | 1 | 2 | 3 | 4] += 1;
  }
  const [, once, twice, threeTimes, fourTimes] = seen;
  if (once * twice * threeTimes === 0) return fallback;
  const share = once / (once + 2 * twice);
  const discounts: Discounts = [
    1 - (2 * share * twice) / once,
    2 - (3 * share * threeTimes) / twice,
    3 - (4 * share * fourTimes) / threeTimes,
  ];
  // Counts of counts that do not fall off as in natural text can put a discount at or below 0.
  return discounts.every((discount) => discount > 0) ? discounts : fallback;
}

/** What is taken off a count; never more than the count. */
export function discountOf(discounts: Discounts, count: number): number {
  return count === 0 ? 0 : discounts[Math.min(count, 3) - 1]!;
}
