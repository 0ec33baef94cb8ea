// Prompts that are generated together: each gets what it gets alone, with the cache and without.
import { onnxExecutor } from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { ModelError } from "../errors.ts";
import { TextGenerator } from "../generate.ts";
import { Gpt } from "../models/gpt.ts";
import { Llama } from "../models/llama.ts";
import { T5 } from "../models/t5.ts";
import type { BatchOptions } from "./options.ts";
import type { GenerativeModel } from "./prompts.ts";
import type { GenerationEvent } from "./sequences.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
afterAll(() => executor.dispose());

// A large deviation, so that the next token depends on the ones before.
const base = { vocabularySize: 40, contextLength: 90, layers: 2, heads: 4, width: 16, initializerRange: 0.4 };
const llama = { ...base, keyValueHeads: 2, hiddenWidth: 24, ropeTheta: 100 };
const models: Record<string, () => GenerativeModel> = {
  gpt: () => new Gpt(base),
  llama: () => new Llama(llama),
  "a sliding window": () => new Llama({ ...llama, family: "mistral", slidingWindow: 5 }),
  t5: () => new T5({ ...base, headSize: 4, initializerFactor: 2 }),
};
const prompts = [[1, 2, 3], [30], Array.from({ length: 60 }, (_, i) => (7 * i) % 40), [1, 2, 3], [9, 8, 7, 6, 5, 4]];

describe.each(Object.keys(models))("%s", (name) => {
  const model = models[name]!();
  const generator = new TextGenerator(model, { executor });
  const naive = new TextGenerator(model, { executor, cache: false });
  afterAll(() => {
    generator.dispose();
    naive.dispose();
  });

  it("draws the same for each prompt as alone, until each context is full", async () => {
    const together = await generator.generateBatch(prompts, { temperature: 0.8, topK: 10, seed: 3 });
    expect(together.map(({ prompt }) => prompt)).toEqual([0, 1, 2, 3, 4]);
    for (const [i, prompt] of prompts.entries()) {
      const [alone] = await generator.generateBatch([prompt], { temperature: 0.8, topK: 10, seed: 3 });
      expect(together[i]).toEqual({ ...alone, prompt: i });
      expect(alone!.ids).toHaveLength(base.contextLength - (name === "t5" ? 1 : prompt.length));
    }
  });

  it("ends each sequence at its own stop id, and the others go on", async () => {
    const options: BatchOptions = { seed: 1, stopIds: [3, 17, 21], maxNewTokens: 30, numberOfSequences: 3 };
    const together = await generator.generateBatch(prompts, options);
    expect(together).toHaveLength(15);
    expect(new Set(together.map(({ ids }) => ids.length)).size).toBeGreaterThan(4);
    expect(await naive.generateBatch(prompts, options)).toEqual(together);
    for (const { ids, finishReason } of together) {
      expect(ids.some((id) => options.stopIds!.includes(id))).toBe(false);
      expect(finishReason).toBe(ids.length === 30 ? "length" : "stop");
    }
  });

  it("searches with beams as without a cache, past a growth of the cache", async () => {
    const options: BatchOptions = { beams: 3, stopIds: [3, 17], maxNewTokens: 12, numberOfSequences: 3, logprobs: 2 };
    const found = await generator.generateBatch(prompts, options);
    const expected = await naive.generateBatch(prompts, options);
    expect(found.map(({ ids }) => ids)).toEqual(expected.map(({ ids }) => ids));
    for (const [i, { score }] of found.entries()) expect(score).toBeCloseTo(expected[i]!.score!, 4);
  });
});

describe("a batch", () => {
  const generator = new TextGenerator(models.gpt!(), { executor });
  afterAll(() => generator.dispose());

  it("streams the tokens of all sequences a step at a time, and the end of each", async () => {
    const events: GenerationEvent[] = [];
    for await (const event of generator.stream(prompts, { maxNewTokens: 3, seed: 2 })) events.push(event);
    const tokens = events.filter((event) => event.type === "token");
    expect(tokens.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    const ends = events.filter((event) => event.type === "end");
    expect(ends.map(({ sequence, finishReason }) => [sequence, finishReason])).toEqual(
      [0, 1, 2, 3, 4].map((sequence) => [sequence, "length"]),
    );
    const whole = await generator.generateBatch(prompts, { maxNewTokens: 3, seed: 2 });
    for (const { prompt, ids } of whole) {
      expect(tokens.filter((token) => token.prompt === prompt).map(({ id }) => id)).toEqual(ids);
    }
  });

  it("names the prompt that cannot work, before anything runs", async () => {
    const cases: [number[][], string][] = [
      [[], "no prompt was given"],
      [[[1], []], "prompt 1 is empty"],
      [[1, 2] as never, "prompts must be lists of token ids, got 1 (put one prompt in a list)"],
      [[Array(90).fill(1), [1]], "prompt 0 has 90 tokens, the context holds 90 with at least one new token"],
      [[[1], [2, 40]], "token id 40 at position 1 of prompt 1 is outside the vocabulary of 40"],
    ];
    for (const [prompts, text] of cases) {
      const error = await generator.generateBatch(prompts, { beams: 2 }).catch((error: Error) => error);
      expect(error).toBeInstanceOf(ModelError);
      expect((error as Error).message).toContain(text);
    }
  });

  it("does not stream a beam search", async () => {
    const stream = generator.stream([[1]], { beams: 2 } as BatchOptions);
    await expect(stream.next()).rejects.toThrow("beam search knows its sequences only at the end");
  });
});
