import { referenceExecutor, setDefaultExecutor, tensor } from "@llm/tensor";
import { expect, it } from "vitest";
import { MeanMetrics, summedMetrics } from "./meanMetrics.ts";

setDefaultExecutor(referenceExecutor());

const metrics = (count: number, sums: Record<string, number>) => ({
  count: tensor(count),
  sums: Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, tensor(sum)])),
});

it("weighs batches by their targets, each task for itself, and frees what it read", async () => {
  const means = new MeanMetrics();
  const first = metrics(4, { accuracy: 1 });
  await means.add(first);
  await means.add(metrics(12, { accuracy: 7 }));
  await means.add(metrics(2, { loss: 5 }), "translate");
  await means.add(metrics(0, { loss: 0 }), "idle");
  await means.add(undefined);
  // The count of a batch is read by others until all batches are through.
  expect(await first.count.item()).toBe(4);
  expect(means.finish()).toEqual({ accuracy: 0.5, "translate.loss": 2.5, "idle.loss": 0 });
  await expect(first.count.item()).rejects.toThrow("was disposed");
});

it("has nothing to tell where an objective tells nothing", async () => {
  expect(summedMetrics({ sum: tensor(1), count: tensor(1) })).toBeUndefined();
  expect(new MeanMetrics().finish()).toBeUndefined();
});
