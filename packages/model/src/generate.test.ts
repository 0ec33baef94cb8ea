import { onnxExecutor, referenceExecutor } from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { counting } from "../test/countingExecutor.ts";
import { collect } from "../test/fixture.ts";
import { ModelError } from "./errors.ts";
import { generateNaive, TextGenerator } from "./generate.ts";
import type { GenerateOptions } from "./generation/options.ts";
import { Gpt } from "./models/gpt.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
// A large deviation, so that the next token depends on the ones before.
const model = new Gpt({
  vocabularySize: 40,
  contextLength: 100,
  layers: 2,
  heads: 2,
  width: 16,
  initializerRange: 0.4,
});
const generator = new TextGenerator(model, { executor });
afterAll(async () => {
  generator.dispose();
  await executor.dispose();
});

const greedy = (prompt: readonly number[], options: GenerateOptions = {}) =>
  collect(generator.generate(prompt, { temperature: 0, ...options }));

describe("generation ends", () => {
  it("after maxNewTokens, or where the context is full", async () => {
    expect(await greedy([1, 2], { maxNewTokens: 7 })).toHaveLength(7);
    const whole = await greedy([1, 2]);
    expect(whole).toHaveLength(98);
    expect(whole.slice(0, 7)).toEqual(await greedy([1, 2], { maxNewTokens: 7 }));
    expect(await greedy(Array(99).fill(3))).toHaveLength(1);
  });

  it("before a stop id, with the cache and without", async () => {
    const free = await greedy([5, 6, 7], { maxNewTokens: 20 });
    const stop = free[9]!;
    const expected = free.slice(0, free.indexOf(stop));
    expect(await greedy([5, 6, 7], { stopIds: [39, stop] })).toEqual(expected);
    const naive = generateNaive(model, [5, 6, 7], { temperature: 0, stopIds: [stop], executor });
    expect(await collect(naive)).toEqual(expected);
  });

  it("when the signal is aborted, with the tokens so far given out", async () => {
    const controller = new AbortController();
    const got: number[] = [];
    const run = async () => {
      for await (const id of generator.generate([1], { temperature: 0, signal: controller.signal })) {
        if (got.push(id) === 3) controller.abort();
      }
    };
    await expect(run()).rejects.toThrow("aborted");
    expect(got).toHaveLength(3);
    const naive = generateNaive(model, [1], { signal: AbortSignal.abort(), executor });
    await expect(collect(naive)).rejects.toThrow("aborted");
  });
});

it("continues a prompt of any array type", async () => {
  const expected = await greedy([4, 8, 2], { maxNewTokens: 5 });
  for (const prompt of [Uint32Array.of(4, 8, 2), Int32Array.of(4, 8, 2), { length: 3, 0: 4, 1: 8, 2: 2 }]) {
    expect(await collect(generator.generate(prompt, { temperature: 0, maxNewTokens: 5 }))).toEqual(expected);
  }
});

it("runs several generations at the same time as if each were alone", async () => {
  const prompts = [[1, 2, 3], [30], [7, 7, 7, 7, 7, 7], [1, 2, 4]];
  const alone: number[][] = [];
  for (const prompt of prompts) alone.push(await collect(generator.generate(prompt, { seed: 3, temperature: 0.9 })));
  const together = prompts.map((prompt) => collect(generator.generate(prompt, { seed: 3, temperature: 0.9 })));
  expect(await Promise.all(together)).toEqual(alone);
});

it("frees its caches: buffers do not grow over ninety generations, whole, broken off or failed", async () => {
  const { executor: counted, alive } = counting(referenceExecutor());
  const small = new Gpt({ vocabularySize: 8, contextLength: 80, layers: 1, heads: 1, width: 4 });
  const counter = new TextGenerator(small, { executor: counted });
  const once = async (kind: number) => {
    const options = { maxNewTokens: 3, seed: kind };
    // The cache of the third kind grows from 64 positions to 80.
    const prompt = kind % 3 === 2 ? Array(63).fill(1) : [1];
    for await (const _ of counter.generate(prompt, options)) if (kind % 3 === 1) break;
    // Rows of different lengths end one after the other, and beams trade places.
    await counter.generateBatch([prompt, [2, 3], [4]], { maxNewTokens: 4, beams: 1 + (kind % 3) });
    await counter.generateBatch([prompt, [2, 3], [4]], {
      stopIds: [kind % 8],
      seed: kind,
      numberOfSequences: 2,
      maxNewTokens: 9,
    });
  };
  for (let kind = 0; kind < 6; kind++) await once(kind);
  const before = alive();
  for (let i = 0; i < 30; i++) await once(i);
  expect(alive()).toBe(before);
  counter.dispose();
});

describe("a prompt or option that cannot work is named before anything runs", () => {
  const cases: [ArrayLike<number>, GenerateOptions, string][] = [
    [[], {}, "the prompt is empty (begin with the end-of-text token to start from nothing)"],
    [
      Array(100).fill(1),
      {},
      "the prompt has 100 tokens, the context holds 100 with at least one new token (shorten it)",
    ],
    [[1, 40], {}, "token id 40 at position 1 is outside the vocabulary of 40"],
    [[-1], {}, "token id -1 at position 0 is outside the vocabulary"],
    [[1.5], {}, "token id 1.5 at position 0 is outside the vocabulary"],
    [[Number.NaN], {}, "token id NaN at position 0 is outside the vocabulary"],
    [[1], { maxNewTokens: 0 }, "maxNewTokens must be a whole number above 0, got 0"],
    [[1], { topP: 2 }, "topP must be above 0 and at most 1, got 2"],
  ];
  it.each(cases)("%j %j", async (prompt, options, text) => {
    for (const tokens of [generator.generate(prompt, options), generateNaive(model, prompt, options)]) {
      const error = await collect(tokens).catch((error: Error) => error);
      expect(error).toBeInstanceOf(ModelError);
      expect((error as Error).message).toContain(text);
    }
  });
});

it("says so when the weights give no numbers", async () => {
  const damaged = new Gpt({ vocabularySize: 8, contextLength: 8, layers: 1, heads: 1, width: 4 });
  ((await damaged.transformer.ln_f.weight.data()) as Float32Array).fill(Number.NaN);
  const broken = new TextGenerator(damaged, { executor });
  await expect(collect(broken.generate([1]))).rejects.toThrow("generate: a logit is NaN");
  broken.dispose();
});
