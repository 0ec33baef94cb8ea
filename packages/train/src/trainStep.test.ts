import type { Batch } from "@llm/data";
import { type CausalLanguageModel, Gpt, namedParameters } from "@llm/model";
import { compile, RandomKey, referenceExecutor, setDefaultExecutor, tensor } from "@llm/tensor";
import { describe, expect, it } from "vitest";
import { batchOf, countingBatches } from "../test/memoryBatches.ts";
import { clipByGlobalNorm, clipByValue, type GradientClipping, globalNorm } from "./gradientClipping.ts";
import { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
import { windowTensors } from "./objectives/windowTensors.ts";
import { adamW } from "./optimizers/adamw.ts";
import type { NamedTensors, Optimizer } from "./optimizers/optimizer.ts";
import { parametersOf } from "./trainState.ts";
import { TrainStep } from "./trainStep.ts";

setDefaultExecutor(referenceExecutor());
const newModel = (seed = 0) =>
  new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8, initializerRange: 0.2 }, { seed });

/** Takes the gradient itself as the step: what reaches the optimiser can be read off the weights. */
const subtractGradient: Optimizer = {
  name: "subtract",
  settings: () => ({}),
  initialState: () => ({}),
  scalars: () => ({}),
  update: ({ parameters, gradients }) => ({
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, value.sub(gradients[name]!)]),
    ),
    state: {},
  }),
};

async function valuesOf(model: CausalLanguageModel): Promise<Map<string, Float32Array>> {
  const entries = [...namedParameters(model)].map(
    async ([name, value]) => [name, (await value.data()) as Float32Array] as const,
  );
  return new Map(await Promise.all(entries));
}

interface UpdateOptions {
  optimizer?: Optimizer;
  gradientClipping?: GradientClipping;
  steps?: number;
  rowsPerPass?: number;
}

/** Weights, loss and norm after updates of a fresh model from the micro-batches. */
async function updated(
  batches: readonly Batch[],
  { optimizer = adamW(), gradientClipping, steps = 1, rowsPerPass }: UpdateOptions = {},
) {
  const trainStep = new TrainStep({
    objective: causalLanguageModel,
    optimizer,
    gradientClipping,
    executor: undefined,
    rowsPerPass,
  });
  const model = newModel();
  let state = { model: model as CausalLanguageModel, optimizer: optimizer.initialState(parametersOf(model)) };
  const results: { loss: number; gradientNorm: number }[] = [];
  for (let step = 0; step < steps; step++) {
    const microBatches = batches.map((batch, i) => ({ batch: windowTensors(batch), key: RandomKey.from(0, i) }));
    const { state: next, ...result } = await trainStep.run(state, microBatches, step, 0.01);
    state = next;
    results.push(result);
  }
  trainStep.dispose();
  return { values: await valuesOf(state.model), results };
}

function largestDifference(a: Map<string, Float32Array>, b: Map<string, Float32Array>): number {
  return Math.max(
    ...[...a].flatMap(([name, values]) => Array.from(values, (value, i) => Math.abs(value - b.get(name)![i]!))),
  );
}

function norm(a: Map<string, Float32Array>, b: Map<string, Float32Array>): number {
  const squares = [...a].flatMap(([name, values]) => Array.from(values, (value, i) => (value - b.get(name)![i]!) ** 2));
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
}

describe("accumulation", () => {
  const rows = Array.from({ length: 6 }, (_, row) => Array.from({ length: 7 }, (_, i) => (row * row + 2 * i) % 11));
  const whole = batchOf(rows);
  // Rows without most targets, so that the parts do not weigh the same.
  whole.labels.fill(-100, 0, 15);
  const part = (from: number, to: number): Batch => ({
    inputIds: whole.inputIds.slice(from * 6, to * 6),
    labels: whole.labels.slice(from * 6, to * 6),
    batchSize: to - from,
    sequenceLength: 6,
  });

  it.each([
    ["two", [part(0, 3), part(3, 6)]],
    ["three", [part(0, 2), part(2, 4), part(4, 6)]],
    ["parts of different size", [part(0, 1), part(1, 6)]],
  ])("over %s equals one batch as large", async (_, parts) => {
    // A large epsilon: the gradient of the keys' bias is rounding noise, which Adam would scale up to whole steps.
    const options = { steps: 4, gradientClipping: 1, optimizer: adamW({ epsilon: 1e-3 }) };
    const [one, several] = [await updated([whole], options), await updated(parts, options)];
    expect(largestDifference(one.values, several.values)).toBeLessThan(1e-6);
    for (const [step, { loss, gradientNorm }] of one.results.entries()) {
      expect(several.results[step]!.loss).toBeCloseTo(loss, 5);
      expect(several.results[step]!.gradientNorm).toBeCloseTo(gradientNorm, 5);
    }
  });

  it("gives the same from several passes over a batch inside of one step", async () => {
    const one = await updated([whole], { optimizer: subtractGradient });
    const passes = await updated([whole], { optimizer: subtractGradient, rowsPerPass: 2 });
    expect(largestDifference(one.values, passes.values)).toBeLessThan(1e-6);
    expect(passes.results[0]!.loss).toBeCloseTo(one.results[0]!.loss, 5);
    expect(passes.results[0]!.gradientNorm).toBeCloseTo(one.results[0]!.gradientNorm, 5);
    const both = await updated([part(0, 2), part(2, 6)], { optimizer: subtractGradient, rowsPerPass: 1 });
    expect(largestDifference(one.values, both.values)).toBeLessThan(1e-6);
    await expect(updated([whole], { rowsPerPass: 4 })).rejects.toThrow(
      "rowsPerPass: the 6 rows of a batch cannot be divided into passes of 4",
    );
  });

  it("does not divide by zero where a step has no targets", async () => {
    const empty = { ...whole, labels: new Int32Array(36).fill(-100) };
    const { results, values } = await updated([empty], { optimizer: subtractGradient });
    expect(results[0]).toEqual({ loss: 0, gradientNorm: 0 });
    expect(largestDifference(values, await valuesOf(newModel()))).toBe(0);
  });
});

describe("gradient clipping", () => {
  const run = compile((gradients: NamedTensors, maximum: number) => {
    const total = globalNorm(gradients);
    return { total, clipped: clipByGlobalNorm(gradients, total, maximum) };
  });
  const gradients = () => ({
    a: tensor([
      [3, 0],
      [0, -4],
    ]),
    b: tensor([12]),
  });

  it("scales all gradients by maximum / (norm + 1e-6), as PyTorch does", async () => {
    const { total, clipped } = await run(gradients(), 2);
    expect(await total.item()).toBe(13);
    const scale = 2 / (13 + 1e-6);
    expect(Array.from(await clipped.a!.data(), Number)).toEqual(
      [3 * scale, 0, 0, -4 * scale].map((x) => expect.closeTo(x, 6)),
    );
    expect((await clipped.b!.data())[0]).toBeCloseTo(12 * scale, 6);
  });

  it("leaves gradients below the maximum exactly as they are", async () => {
    const { clipped } = await run(gradients(), 13.5);
    expect(Array.from(await clipped.a!.data(), Number)).toEqual([3, 0, 0, -4]);
  });

  it("by value limits each element, and tells the norm before", async () => {
    const clip = compile((gradients: NamedTensors) => clipByValue(gradients, 3.5));
    const { a, b } = await clip(gradients());
    expect([...(await a!.data()), ...(await b!.data())].map(Number)).toEqual([3, 0, 0, -3.5, 3.5]);
    const batches = countingBatches(1);
    const before = await valuesOf(newModel());
    const free = await updated(batches, { optimizer: subtractGradient });
    const clipped = await updated(batches, { optimizer: subtractGradient, gradientClipping: { value: 0.01 } });
    expect(largestDifference(free.values, before)).toBeGreaterThan(0.02);
    expect(largestDifference(clipped.values, before)).toBeCloseTo(0.01, 6);
    expect(clipped.results[0]).toEqual(free.results[0]);
  });

  it("bounds what reaches the optimiser, while the norm told is the one before", async () => {
    const batches = countingBatches(1);
    const before = await valuesOf(newModel());
    const free = await updated(batches, { optimizer: subtractGradient });
    const clipped = await updated(batches, { optimizer: subtractGradient, gradientClipping: 0.01 });
    expect(free.results[0]!.gradientNorm).toBeGreaterThan(0.1);
    expect(norm(free.values, before)).toBeCloseTo(free.results[0]!.gradientNorm, 5);
    expect(clipped.results[0]).toEqual(free.results[0]);
    expect(norm(clipped.values, before)).toBeCloseTo(0.01, 5);
  });
});

describe("adamW", () => {
  /** Parameters after one update with gradients of zero: only decay moves them. */
  async function decayed(optimizer: Optimizer, learningRate = 0.5): Promise<Map<string, Float32Array>> {
    const model = newModel();
    const parameters = parametersOf(model);
    const zeros = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, value.mul(0)]));
    const scalars = Object.entries(optimizer.scalars(0, learningRate)).map(
      ([name, value]) => [name, tensor(value)] as const,
    );
    const update = compile((input: { parameters: NamedTensors; gradients: NamedTensors; scalars: NamedTensors }) =>
      optimizer.update({ ...input, state: { firstMoment: zeros, secondMoment: zeros } }),
    );
    const result = await update({ parameters, gradients: zeros, scalars: Object.fromEntries(scalars) });
    const entries = Object.entries(result.parameters).map(
      async ([name, value]) => [name, (await value.data()) as Float32Array] as const,
    );
    return new Map(await Promise.all(entries));
  }

  it("decays matrices and tables by learning rate · decay, and neither norms nor biases", async () => {
    const before = await valuesOf(newModel());
    for (const [name, values] of await decayed(adamW({ weightDecay: 0.2 }))) {
      const decays = /(wte|wpe|c_\w+)\.weight$/.test(name);
      const kept = decays ? 0.9 : 1;
      const expected = Array.from(before.get(name)!, (value) => expect.closeTo(value * kept, 6));
      expect(Array.from(values), name).toEqual(expected);
    }
  });

  it("decays what `decays` chooses", async () => {
    const before = await valuesOf(newModel());
    const after = await decayed(adamW({ weightDecay: 0.2, decays: (name) => name.endsWith("ln_f.weight") }));
    for (const [name, values] of after) {
      expect(largestDifference(new Map([[name, values]]), before) > 0.05, name).toBe(name.endsWith("ln_f.weight"));
    }
  });

  it("takes a first step of the learning rate's size against the gradient's sign", async () => {
    const { values } = await updated(countingBatches(1), { optimizer: adamW({ weightDecay: 0 }) });
    const steps = [...(await valuesOf(newModel()))].flatMap(([name, before]) =>
      Array.from(before, (value, i) => Math.abs(value - values.get(name)![i]!)),
    );
    expect(Math.max(...steps)).toBeCloseTo(0.01, 5);
  });

  it("names the setting outside its limits", () => {
    expect(() => adamW({ beta1: 1 })).toThrow("adamW: beta1 must be at least 0 and below 1, got 1");
    expect(() => adamW({ beta2: -0.1 })).toThrow("adamW: beta2 must be at least 0 and below 1, got -0.1");
    expect(() => adamW({ epsilon: Number.NaN })).toThrow(
      "adamW: epsilon must be at least 0 and below Infinity, got NaN",
    );
    expect(() => adamW({ weightDecay: -1 })).toThrow("adamW: weightDecay must be at least 0");
  });
});
