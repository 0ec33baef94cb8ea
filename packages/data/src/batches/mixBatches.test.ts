import { describe, expect, it } from "vitest";
import type { BatchStream } from "../batchStream.ts";
import { exampleBatches } from "./exampleBatches.ts";
import { batchesInTurn, mixBatches } from "./mixBatches.ts";

const named = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}${i}`);
const stream = (name: string, count: number) => exampleBatches(named(name, count), { batchSize: 1, seed: count });

async function take<B>(from: BatchStream<B>, count: number): Promise<B[]> {
  const batches: B[] = [];
  for (let i = 0; i < count; i++) batches.push((await from.next())!);
  return batches;
}

async function shareOf(task: string, mixture: BatchStream<{ task: string }>): Promise<number> {
  return (await take(mixture, 4000)).filter((batch) => batch.task === task).length / 4000;
}

describe("mixBatches", () => {
  const tasks = () => ({ small: stream("s", 10), large: stream("l", 90) });

  it("draws in proportion to size, to its root, to limited size, or as weights say", async () => {
    expect(await shareOf("small", mixBatches(tasks()))).toBeCloseTo(0.1, 1);
    expect(await shareOf("small", mixBatches(tasks(), { temperature: 2 }))).toBeCloseTo(0.25, 1);
    expect(await shareOf("small", mixBatches(tasks(), { sizeLimit: 30 }))).toBeCloseTo(0.25, 1);
    expect(await shareOf("small", mixBatches(tasks(), { weights: { small: 3, large: 1 } }))).toBeCloseTo(0.75, 1);
  });

  it("takes each task's batches in the task's own order, epoch after epoch", async () => {
    const drawn = await take(mixBatches(tasks(), { temperature: 1e9, seed: 4 }), 200);
    for (const [name, alone] of Object.entries(tasks())) {
      const ofTask = drawn.filter(({ task }) => task === name).map(({ batch }) => batch);
      expect(ofTask).toEqual(await take(alone, ofTask.length));
    }
  });

  it("goes on from a saved position as if it had never stopped", async () => {
    const whole = await take(mixBatches(tasks(), { seed: 9 }), 260);
    for (const stop of [1, 99, 100, 157]) {
      const [before, after] = [mixBatches(tasks(), { seed: 9 }), mixBatches(tasks())];
      await take(before, stop);
      await take(after, 3);
      after.seek(JSON.parse(JSON.stringify(before.position())));
      expect(await take(after, 100)).toEqual(whole.slice(stop, stop + 100));
    }
  });

  it("says what decides its draws", () => {
    const task = (seed: number, batchesPerEpoch: number) => {
      return { seed, batchesPerEpoch, batchSize: 1, shuffle: true, keepIncomplete: false, groupByLength: false };
    };
    expect(mixBatches(tasks()).settings).toEqual({
      shares: [0.1, 1],
      tasks: { small: task(10, 10), large: task(90, 90) },
    });
  });

  it("has the data of all tasks where all of it is in memory", () => {
    const { small, large } = tasks();
    expect(mixBatches({ small, large }).inMemory).toEqual([
      { task: "small", batch: named("s", 10) },
      { task: "large", batch: named("l", 90) },
    ]);
    const source = { name: "file", length: 2, read: async () => "x" };
    expect(mixBatches({ small, file: exampleBatches(source, { batchSize: 1 }) }).inMemory).toBeUndefined();
  });

  it("names an empty task, no task, a task that ends, and what cannot be", async () => {
    const empty = { ...stream("e", 1), batchesPerEpoch: 0, position: () => ({ seed: 0, epoch: 0, step: 0 }) };
    expect(() => mixBatches({ ...tasks(), empty: empty as never })).toThrow(
      'mixBatches: task "empty" is empty (give it examples, or leave it out)',
    );
    expect(() => mixBatches({})).toThrow("mixBatches: expected at least one task, got none");
    expect(() => mixBatches(tasks(), { temperature: 0 })).toThrow("temperature: expected a number above 0, got 0");
    expect(() => mixBatches(tasks(), { weights: { small: 1, large: 0 } })).toThrow(
      "weights.large: expected a number above 0, got 0",
    );
    expect(() => mixBatches(tasks(), { weights: { small: 1 } })).toThrow(
      "weights.large: expected a number above 0, got undefined",
    );
    expect(() => mixBatches(tasks(), { weights: { small: 1, large: 1, other: 1 } })).toThrow(
      'weights names "other", which is no task',
    );
    const ending = mixBatches({ once: exampleBatches(["a"], { batchSize: 1, epochs: 1 }) });
    await ending.next();
    await expect(ending.next()).rejects.toThrow(
      'task "once" ended after epoch 1 (leave out epochs: it is drawn again)',
    );
  });
});

describe("batchesInTurn", () => {
  it("goes over each task from its beginning to its end, again and again", async () => {
    const whole = (name: string, count: number) => exampleBatches(named(name, count), { batchSize: 2, shuffle: false });
    const turns = batchesInTurn({ a: whole("a", 3), b: whole("b", 2) });
    expect(turns.batchesPerEpoch).toBe(3);
    const epoch = [
      { task: "a", batch: ["a0", "a1"] },
      { task: "a", batch: ["a2"] },
      { task: "b", batch: ["b0", "b1"] },
    ];
    expect(await take(turns, 3)).toEqual(epoch);
    turns.seek({ seed: 0, epoch: 0, step: 0 });
    expect(await take(turns, 6)).toEqual([...epoch, ...epoch]);
  });
});
