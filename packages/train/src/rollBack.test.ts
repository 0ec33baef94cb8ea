import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Batch, BatchStream } from "@llm/data";
import { Gpt } from "@llm/model";
import { referenceExecutor } from "@llm/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batchOf, countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import { listCheckpoints, readPosition } from "./checkpoint.ts";
import { DivergedError } from "./errors.ts";
import type { RollBackEvent, StepEvent, TrainEvent } from "./events.ts";
import { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
import type { Objective } from "./objectives/objective.ts";
import { findTrouble, initialRollBackState, rollBackTarget, withStep } from "./rollBack.ts";
import { csvTracker } from "./trackers/csv.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-roll-back-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Id 10 stands for text that ruins a model: batches that hold it have a loss of their own. */
const ruinous: Batch = batchOf([[10, 10, 10, 10, 10, 10, 10]]);
const harmless = countingBatches(12, { rows: 1, vocabulary: 9 });
/** Batches in order, the ruinous one at the given places, counted from 1. */
const batchesWith = (...places: number[]) =>
  memoryBatches(Array.from({ length: 12 }, (_, i) => (places.includes(i + 1) ? ruinous : harmless[i]!)));

function ruinedBy(loss: number): Objective {
  return {
    ...causalLanguageModel,
    loss: (model, inputs, key) => {
      const { sum, count } = causalLanguageModel.loss(model, inputs, key);
      const isRuinous = inputs.inputIds!.equal(10).cast("float32").mean();
      return { sum: sum.add(isRuinous.mul(count).mul(loss)), count };
    },
  };
}

function newTrainer(data: BatchStream, options: Partial<TrainerOptions> = {}): Trainer {
  return new Trainer({
    model: new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8 }),
    data,
    steps: 10,
    learningRate: 0.001,
    objective: ruinedBy(50),
    checkpoints: { folder, every: 2, keep: 3 },
    rollBack: { window: 3 },
    progress: false,
    executor: referenceExecutor(),
    ...options,
  });
}

async function eventsOf(trainer: Trainer): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  await trainer.run({ onEvent: (event) => events.push(event) });
  return events;
}

const rollBacksOf = (events: readonly TrainEvent[]) =>
  events.filter((event): event is RollBackEvent => event.type === "rollBack");

describe("a run whose loss spikes", () => {
  it("goes on from the last good checkpoint with the batches after those that did it", async () => {
    const csv = join(folder, "run.csv");
    const data = batchesWith(7);
    const events = await eventsOf(newTrainer(data, { trackers: [csvTracker(csv)] }));
    const [rollBack, ...others] = rollBacksOf(events);
    expect(others).toEqual([]);
    expect(rollBack).toMatchObject({ step: 4, from: 7, what: "loss", count: 1, path: join(folder, "step-00000004") });
    expect(rollBack!.value).toBeGreaterThan(50);
    expect(rollBack!.limit).toBeLessThan(10);
    const kinds = events.filter(({ type }) => type !== "checkpoint").map(({ type, step }) => `${type} ${step}`);
    const steps = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `step ${from + i}`);
    expect(kinds).toEqual([...steps(1, 6), "rollBack 4", ...steps(5, 10)]);
    // Steps 5 to 10 were made from batches 8 to 13, the first of the second epoch among them.
    expect(data.position()).toEqual({ seed: 0, epoch: 1, step: 1 });
    // Files hold each step once.
    const rows = (await readFile(csv, "utf8")).trimEnd().split("\n").slice(1);
    expect(rows.map((row) => Number(row.split(",")[0]))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const lines = (await readFile(join(folder, "metrics.jsonl"), "utf8")).trimEnd().split("\n");
    const told = lines.map((line) => JSON.parse(line) as TrainEvent).filter(({ type }) => type === "step");
    expect(told.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect((told.at(-1) as StepEvent).loss).toBeLessThan(5);
  });

  it("trains on as a run that never saw those batches", async () => {
    const spiked = await eventsOf(newTrainer(batchesWith(7)));
    await rm(folder, { recursive: true });
    // The same without batches 5 to 7.
    const left = [...harmless.slice(0, 4), ...harmless.slice(7), ...harmless];
    const smooth = await eventsOf(newTrainer(memoryBatches(left), { rollBack: { window: 3 } }));
    const losses = (events: readonly TrainEvent[]) =>
      new Map(events.flatMap((event) => (event.type === "step" ? [[event.step, event.loss]] : [])));
    expect([...losses(spiked)].slice(0, 9)).toEqual([...losses(smooth)].slice(0, 9));
  });

  it("goes further back when the trouble comes again, and gives up when it keeps coming", async () => {
    const trainer = newTrainer(batchesWith(7, 8, 9, 10, 11, 12), {
      checkpoints: { folder, every: 1, keep: 5 },
      rollBack: { window: 2 },
    });
    const events: TrainEvent[] = [];
    const error = await trainer.run({ onEvent: (event) => events.push(event) }).then(
      () => expect.unreachable("the run should give up"),
      (error: Error) => error,
    );
    expect(rollBacksOf(events).map(({ step, from }) => [step, from])).toEqual([
      [5, 7],
      [4, 6],
      [3, 5],
    ]);
    expect(error).toBeInstanceOf(DivergedError);
    expect(error.message).toMatch(/^training diverged after 3 roll-backs: the loss is \d+\.\d+ at step 4/);
    expect(await listCheckpoints(folder)).toEqual([2, 3]);
  });

  it("lets spikes be without the option, and where the threshold is high", async () => {
    expect(rollBacksOf(await eventsOf(newTrainer(batchesWith(7), { rollBack: { lossThreshold: Infinity } })))).toEqual(
      [],
    );
    await rm(folder, { recursive: true });
    expect(rollBacksOf(await eventsOf(new Trainer(newOptions(batchesWith(7)))))).toEqual([]);
  });

  it("sees the same spike again when it is resumed before it", async () => {
    const all = await eventsOf(newTrainer(batchesWith(7)));
    await rm(folder, { recursive: true });
    await newTrainer(batchesWith(7), { steps: 6 }).run();
    const { rollBack } = await readPosition(join(folder, "step-00000006"));
    expect(rollBack).toMatchObject({ count: 0, loss: { count: 6 } });
    const resumed = await eventsOf(newTrainer(batchesWith(7)));
    expect(rollBacksOf(resumed)).toEqual(rollBacksOf(all).map((event) => ({ ...event })));
  });
});

/** Options without roll-back. */
function newOptions(data: BatchStream): TrainerOptions {
  return {
    model: new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8 }),
    data,
    steps: 8,
    learningRate: 0.001,
    objective: ruinedBy(50),
    checkpoints: { folder, every: 2 },
    progress: false,
    executor: referenceExecutor(),
  };
}

it("a loss that is no number is rolled back too, whatever the window", async () => {
  const options = { objective: ruinedBy(3e38), rollBack: {} };
  const events = await eventsOf(newTrainer(batchesWith(4), options));
  expect(rollBacksOf(events)).toMatchObject([{ step: 2, from: 4, what: "loss", limit: undefined }]);
  expect(events.at(-1)).toMatchObject({ type: "checkpoint", step: 10 });
});

it("without a checkpoint to go back to the run ends as it does without the option, and options that cannot work are named", async () => {
  const options = { objective: ruinedBy(3e38), rollBack: {} };
  await expect(newTrainer(batchesWith(1), options).run()).rejects.toThrow(
    /^training diverged: the loss is (NaN|Infinity) at step 1 .* last good checkpoint: none/,
  );
  expect(() => new Trainer({ ...newOptions(batchesWith()), rollBack: {}, checkpoints: undefined } as never)).toThrow(
    "Trainer: rollBack needs checkpoints to go back to (add checkpoints)",
  );
  const trainer = (options: Partial<TrainerOptions>) => () => new Trainer({ ...newOptions(batchesWith()), ...options });
  expect(trainer({ rollBack: { lossThreshold: 0 } })).toThrow(
    "Trainer: rollBack.lossThreshold must be above 0, or Infinity for none, got 0",
  );
  expect(trainer({ rollBack: { limit: 0 } })).toThrow("Trainer: rollBack.limit must be a whole number above 0, got 0");
  const best = (mode: string) => ({ checkpoints: { folder, best: { metric: "loss", mode: mode as "min" } } });
  expect(trainer(best("min"))).toThrow("Trainer: checkpoints.best needs evaluations to go by (add evaluation)");
  expect(trainer({ ...best("least"), evaluation: { data: batchesWith(), every: 1 } })).toThrow(
    'Trainer: checkpoints.best.mode must be "min" or "max", got "least"',
  );
});

describe("findTrouble", () => {
  const step = { step: 9, loss: 2, gradientNorm: 1, overflowIsExpected: false };
  const seen = (values: readonly number[], window: number) =>
    values.reduce(
      (state, loss) => withStep(state, { ...step, loss, gradientNorm: loss }, { window }),
      initialRollBackState,
    );

  it("trusts mean and deviation once the window is full", () => {
    const state = seen([1, 3, 1, 3, 1, 3, 1, 3], 8);
    expect(state.loss).toMatchObject({ count: 8, mean: 2 });
    expect(state.loss.variance).toBeCloseTo(1, 12);
    const options = { lossThreshold: 3, window: 8 };
    expect(findTrouble({ ...step, loss: 4.9 }, state, options)).toBeUndefined();
    const trouble = findTrouble({ ...step, loss: 5.1 }, state, options);
    expect(trouble).toMatchObject({ what: "loss", value: 5.1, firstDamaged: 8 });
    expect(trouble!.limit).toBeCloseTo(5, 12);
    expect(findTrouble({ ...step, loss: 5.1 }, seen([1, 3, 1], 8), options)).toBeUndefined();
  });

  it("looks at the gradient norm when asked, and takes overflow as loss scaling does", () => {
    const state = seen([1, 3, 1, 3, 1, 3, 1, 3], 8);
    const options = { gradientNormThreshold: 3, window: 8 };
    expect(findTrouble({ ...step, gradientNorm: 6 }, state, options)).toMatchObject({
      what: "gradientNorm",
      firstDamaged: 9,
    });
    expect(findTrouble({ ...step, gradientNorm: 6 }, state, { window: 8 })).toBeUndefined();
    const overflow = { ...step, gradientNorm: Infinity };
    expect(findTrouble(overflow, state, undefined)).toMatchObject({ what: "gradientNorm", limit: undefined });
    expect(findTrouble({ ...overflow, overflowIsExpected: true }, state, options)).toBeUndefined();
    expect(withStep(state, { ...overflow, overflowIsExpected: true }, options).gradientNorm).toEqual(
      state.gradientNorm,
    );
  });

  it("does not take the trembling of a flat curve for a spike", () => {
    const state = seen(new Array(8).fill(2), 8);
    expect(findTrouble({ ...step, loss: 2.1 }, state, { window: 8 })).toBeUndefined();
    expect(findTrouble({ ...step, loss: 2.13 }, state, { window: 8 })).toBeDefined();
  });
});

it("rollBackTarget is the newest checkpoint not to blame, and one further back the next time", () => {
  expect(rollBackTarget([2, 4, 6], 6, undefined)).toBe(4);
  expect(rollBackTarget([2, 4, 6], 6, 4)).toBe(2);
  expect(rollBackTarget([2, 4, 6], 7, 4)).toBe(6);
  expect(rollBackTarget([4], 6, 4)).toBe(4);
  expect(rollBackTarget([4], 4, undefined)).toBeUndefined();
});
