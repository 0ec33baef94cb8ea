// Calls that step together: each gets what it gets alone, whenever the others come and go.
import { onnxExecutor } from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { counting } from "../../test/countingExecutor.ts";
import { TextGenerator } from "../generate.ts";
import { Gpt } from "../models/gpt.ts";
import { Llama } from "../models/llama.ts";
import { T5 } from "../models/t5.ts";
import type { BatchOptions } from "./options.ts";
import type { GenerativeModel } from "./prompts.ts";

const inner = onnxExecutor({ thread: "main", threads: 1 });
const { executor, alive } = counting(inner);
afterAll(() => inner.dispose());

// A large deviation, so that the next token depends on the ones before.
const base = { vocabularySize: 40, contextLength: 90, layers: 2, heads: 4, width: 16, initializerRange: 0.4 };
const llama = { ...base, keyValueHeads: 2, hiddenWidth: 24, ropeTheta: 100 };
const models: Record<string, () => GenerativeModel> = {
  gpt: () => new Gpt(base),
  "a sliding window": () => new Llama({ ...llama, family: "mistral", slidingWindow: 5 }),
  "positions stretched by the length": () =>
    new Llama({ ...llama, ropeScaling: { type: "dynamic", factor: 4, originalContextLength: 16 } }),
  "an encoder-decoder, which steps alone": () => new T5({ ...base, headSize: 4, initializerFactor: 2 }),
};

const prompt = (length: number) => Array.from({ length }, (_, i) => (7 * i + length) % 40);
/** Each with the number of tokens of the first call after which it begins. */
const calls: { after: number; prompts: number[][]; options: BatchOptions }[] = [
  { after: 0, prompts: [prompt(3)], options: { seed: 1, maxNewTokens: 80 } },
  { after: 0, prompts: [prompt(60), prompt(2)], options: { seed: 2, maxNewTokens: 8, logprobs: 1 } },
  { after: 5, prompts: [prompt(1)], options: { beams: 3, maxNewTokens: 30, stopIds: [5] } },
  { after: 20, prompts: [prompt(30), prompt(7)], options: { seed: 3, numberOfSequences: 2, stopIds: [3, 17, 21] } },
  { after: 64, prompts: [prompt(9)], options: { temperature: 0, maxNewTokens: 1 } },
];

describe.each(Object.keys(models))("%s", (name) => {
  it("gives to each call what it gives to it alone, and frees what it took", async () => {
    const model = models[name]!();
    const generator = new TextGenerator(model, { executor, together: true });
    const single = new TextGenerator(model, { executor });
    const alone = [];
    for (const { prompts, options } of calls) alone.push(await single.generateBatch(prompts, options));
    const before = alive();
    let tokens = 0;
    const found: ReturnType<TextGenerator["generateBatch"]>[] = [];
    const startNext = () => {
      while (found.length < calls.length && tokens >= calls[found.length]!.after) {
        const { prompts, options } = calls[found.length]!;
        const counted = found.length === 0 ? { ...options, logitsProcessors: [countToken] } : options;
        found.push(generator.generateBatch(prompts, counted));
      }
    };
    const countToken = () => {
      tokens++;
      startNext();
    };
    startNext();
    await found[0];
    const together = await Promise.all(found);
    expect(together).toHaveLength(calls.length);
    for (const [i, found] of together.entries()) {
      expect(found.map(({ ids }) => ids)).toEqual(alone[i]!.map(({ ids }) => ids));
      expect(found.map(({ finishReason }) => finishReason)).toEqual(alone[i]!.map(({ finishReason }) => finishReason));
    }
    expect(alive()).toBe(before);
    generator.dispose();
    single.dispose();
  });
});

it("runs the model once for all", async () => {
  let runs = 0;
  const countingRuns = {
    ...inner,
    compile: async (...args: Parameters<typeof inner.compile>) => {
      const executable = await inner.compile(...args);
      const run: typeof executable.run = (inputs) => {
        runs++;
        return executable.run(inputs);
      };
      return { ...executable, run };
    },
  };
  const model = new Gpt(base);
  const generator = new TextGenerator(model, { executor: countingRuns, together: true });
  const lengths = [4, 9, 2, 30];
  await Promise.all(lengths.map((length) => generator.generateBatch([prompt(length)], { maxNewTokens: 40 })));
  // Four prompts, and 39 steps with a few more runs where rows are arranged.
  expect(runs).toBeLessThan(4 + 39 + 20);
  generator.dispose();
});

it("goes on without a call that ends early or fails", async () => {
  const model = new Gpt(base);
  const generator = new TextGenerator(model, { executor, together: true });
  const options = { maxNewTokens: 20, seed: 4 };
  const [alone] = await generator.generateBatch([prompt(5)], options);
  const left = async () => {
    for await (const _ of generator.generate(prompt(11), { ...options, seed: 5 })) break;
  };
  const stops = new AbortController();
  const aborted = (async () => {
    let count = 0;
    for await (const _ of generator.generate(prompt(40), { ...options, signal: stops.signal })) {
      if (++count === 7) stops.abort(new Error("enough"));
    }
  })();
  const fails = generator.generateBatch([prompt(2)], {
    ...options,
    logitsProcessors: [
      (_, { ids }) => {
        if (ids.length === 9) throw new Error("a processor of the caller's");
      },
    ],
  });
  const [kept, gone, thrown] = await Promise.allSettled([
    generator.generateBatch([prompt(5)], options),
    aborted,
    fails,
    left(),
  ]);
  expect(kept).toMatchObject({ status: "fulfilled", value: [{ ids: alone!.ids }] });
  expect(gone).toMatchObject({ status: "rejected", reason: new Error("enough") });
  expect(thrown).toMatchObject({ status: "rejected", reason: new Error("a processor of the caller's") });
  generator.dispose();
});
