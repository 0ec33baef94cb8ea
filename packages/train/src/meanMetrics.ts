// From sums over the targets of several batches to their means.
import type { Tensor } from "@llm/tensor";
import type { SummedLoss } from "./objectives/objective.ts";
import type { NamedTensors } from "./optimizers/optimizer.ts";
import { disposeTensors } from "./trainState.ts";

/** Metrics of one batch as sums over its `count` targets. */
export interface SummedMetrics {
  readonly sums: NamedTensors;
  readonly count: Tensor;
}

/** What a loss tells besides itself; undefined for nothing, which then costs nothing. */
export function summedMetrics({ metrics, count }: SummedLoss): SummedMetrics | undefined {
  return metrics && { sums: metrics, count };
}

export class MeanMetrics {
  readonly #totals = new Map<string, { sum: number; count: number }>();
  readonly #read: SummedMetrics[] = [];

  /** Takes in one batch. With a task the names are `task.name`. */
  async add(metrics: SummedMetrics | undefined, task?: string): Promise<void> {
    if (!metrics) return;
    const sums = Object.entries(metrics.sums).map(async ([name, sum]) => [name, await sum.item()] as const);
    this.addSums(Object.fromEntries(await Promise.all(sums)), await metrics.count.item(), task);
    this.#read.push(metrics);
  }

  /** The same for numbers that have been read. */
  addSums(sums: Readonly<Record<string, number>>, count: number, task?: string): void {
    for (const [name, sum] of Object.entries(sums)) {
      const path = task === undefined ? name : `${task}.${name}`;
      const total = this.#totals.get(path) ?? { sum: 0, count: 0 };
      this.#totals.set(path, { sum: total.sum + sum, count: total.count + count });
    }
  }

  /** The means by name; undefined where there is no metric. Frees the tensors, whose counts others may have read until now. */
  finish(): Readonly<Record<string, number>> | undefined {
    disposeTensors(this.#read.splice(0));
    if (this.#totals.size === 0) return undefined;
    return Object.fromEntries([...this.#totals].map(([name, { sum, count }]) => [name, sum / Math.max(count, 1)]));
  }
}
