// Counts of values in neighbouring ranges.

/** One range and how many values lie in it. */
export interface Bin {
  /** From here on … */
  readonly from: number;
  /** … to below here (the last range holds its end, too). */
  readonly to: number;
  readonly count: number;
}

export type Histogram = readonly Bin[];

/** The values in `bins` ranges of equal width between the least and the greatest. */
export function histogram(values: readonly number[], bins: number): Histogram {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const greatest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const width = (greatest - least) / bins;
  if (values.length === 0) return [];
  if (width === 0) return [{ from: least, to: greatest, count: values.length }];
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[Math.min(bins - 1, Math.floor((value - least) / width))]! += 1;
  return counts.map((count, i) => ({ from: least + i * width, to: least + (i + 1) * width, count }));
}

/** Lengths from one on, in ranges whose ends double every second time. */
export class LengthHistogram {
  readonly #counts: number[] = [];

  add(length: number): void {
    const bin = length < 1 ? 0 : Math.floor(2 * Math.log2(length)) + 1;
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
  }

  /** From the first to the last range that holds anything. */
  histogram(): Histogram {
    const start = (bin: number) => (bin === 0 ? 0 : Math.ceil(2 ** ((bin - 1) / 2)));
    const bins: Bin[] = [];
    for (let bin = this.#counts.findIndex((count) => count > 0); bin >= 0 && bin < this.#counts.length; bin++) {
      bins.push({ from: start(bin), to: start(bin + 1), count: this.#counts[bin] ?? 0 });
    }
    return bins;
  }
}
