// What is told of a sequence beside its ids: text up to a stop string, and log-probabilities. And what steers it.
import { onnxExecutor, tensor } from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { TextGenerator } from "../generate.ts";
import { Gpt } from "../models/gpt.ts";
import type { LogitsProcessor } from "./logitsProcessors.ts";
import { logSumExp } from "./logprobs.ts";
import type { BatchOptions, GenerateOptions } from "./options.ts";
import type { TokenDecoder } from "./textStream.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
const model = new Gpt({ vocabularySize: 12, contextLength: 64, layers: 2, heads: 2, width: 16, initializerRange: 0.5 });
const generator = new TextGenerator(model, { executor });
afterAll(async () => {
  generator.dispose();
  await executor.dispose();
});

/** Each id is a piece of text; the last two rows of the model pad its vocabulary. */
const pieces = ["a", "ab", "b\n", "\n", " c", "d", "dd", "e f", "f", "\nq"];
const tokenizer: TokenDecoder = {
  vocabularySize: pieces.length,
  decodeStream: () => ({ push: (id) => pieces[id]!, end: () => "" }),
};
const textOf = (ids: readonly number[]) => ids.map((id) => pieces[id] ?? "").join("");

describe("text", () => {
  it("of all tokens, also where some have none", async () => {
    const [found] = await generator.generateBatch([[1]], { tokenizer, seed: 1, maxNewTokens: 40 });
    expect(found!.text).toBe(textOf(found!.ids));
    expect(found!.ids.some((id) => id >= pieces.length)).toBe(true);
  });

  it("ends before the first stop string to be complete, wherever tokens are cut, streamed and whole", async () => {
    const options: GenerateOptions = { tokenizer, seed: 4, maxNewTokens: 40 };
    const [free] = await generator.generateBatch([[5, 3]], options);
    const whole = textOf(free!.ids);
    for (let at = 0; at + 3 <= whole.length; at++) {
      const stopStrings = ["never", whole.slice(at, at + 3)];
      const expected = whole.slice(0, whole.indexOf(stopStrings[1]!));
      const [stopped] = await generator.generateBatch([[5, 3]], { ...options, stopStrings });
      expect(stopped).toMatchObject({ text: expected, finishReason: "stop" });
      // The token that completes the stop string is the last.
      expect(textOf(stopped!.ids)).toContain(stopStrings[1]);
      expect(textOf(stopped!.ids.slice(0, -1))).not.toContain(stopStrings[1]);
      let streamed = "";
      for await (const { text } of generator.stream([[5, 3]], { ...options, stopStrings })) {
        streamed += text;
        expect(expected.startsWith(streamed)).toBe(true);
      }
      expect(streamed).toBe(expected);
    }
  });

  it("gives out at the end what could have begun a stop string", async () => {
    const [free] = await generator.generateBatch([[2]], { tokenizer, seed: 8, maxNewTokens: 10 });
    const stop = `${free!.text!.slice(-2)}§`;
    const [found] = await generator.generateBatch([[2]], { tokenizer, seed: 8, maxNewTokens: 10, stopStrings: [stop] });
    expect(found).toEqual(free);
  });

  it("ends beams as well", async () => {
    const options: BatchOptions = { tokenizer, beams: 3, maxNewTokens: 12, numberOfSequences: 3 };
    const [free] = await generator.generateBatch([[5, 3]], options);
    const stop = free!.text!.slice(3, 5);
    const found = await generator.generateBatch([[5, 3]], { ...options, stopStrings: [stop] });
    expect(found.some(({ finishReason }) => finishReason === "stop")).toBe(true);
    for (const { ids, text, finishReason } of found) {
      const all = textOf(ids);
      expect(text).toBe(finishReason === "stop" ? all.slice(0, all.indexOf(stop)) : all);
    }
  });
});

/** Log-probabilities after `ids` by the whole forward. */
async function logprobsAfter(ids: readonly number[]): Promise<number[]> {
  const logits = await model
    .forward(tensor(Int32Array.from(ids), { shape: [1, ids.length] }))
    .slice(1, -1)
    .data();
  const total = logSumExp(logits as Float32Array);
  return Array.from(logits as Float32Array, (logit) => logit - total);
}

describe("log-probabilities", () => {
  it("are the model's own, with the likeliest beside each", async () => {
    const options: GenerateOptions = { logprobs: 3, temperature: 1.5, repetitionPenalty: 2, maxNewTokens: 8, seed: 2 };
    const [{ ids, logprobs }] = (await generator.generateBatch([[1, 2]], options)) as [never];
    expect(logprobs).toHaveLength(8);
    for (const [i, { id, logprob, top }] of (logprobs as { id: number; logprob: number; top: never[] }[]).entries()) {
      const expected = await logprobsAfter([1, 2, ...(ids as number[]).slice(0, i)]);
      expect(id).toBe(ids[i]);
      expect(logprob).toBeCloseTo(expected[id]!, 4);
      const likeliest = expected.map((logprob, id) => ({ id, logprob })).sort((a, b) => b.logprob - a.logprob);
      expect(top.map(({ id }) => id)).toEqual(likeliest.slice(0, 3).map(({ id }) => id));
      for (const [rank, { logprob }] of (top as { logprob: number }[]).entries()) {
        expect(logprob).toBeCloseTo(likeliest[rank]!.logprob, 4);
      }
    }
  });

  it("of the tokens alone where 0 are asked for, and none unless asked for", async () => {
    const [told] = await generator.generateBatch([[1]], { logprobs: 0, maxNewTokens: 2 });
    expect(told!.logprobs!.map(({ top }) => top)).toEqual([[], []]);
    const [silent] = await generator.generateBatch([[1]], { maxNewTokens: 2 });
    expect(silent).not.toHaveProperty("logprobs");
  });

  it("of a beam add up to its score", async () => {
    const options: BatchOptions = { beams: 4, numberOfSequences: 4, lengthPenalty: 0.5, maxNewTokens: 6, logprobs: 0 };
    for (const { score, logprobs, ids } of await generator.generateBatch([[1, 2]], options)) {
      expect(score).toBeCloseTo(logprobs!.reduce((sum, { logprob }) => sum + logprob, 0) / 6 ** 0.5, 4);
      expect(logprobs!.map(({ id }) => id)).toEqual(ids);
    }
  });
});

describe("logits", () => {
  const greedy = async (options: BatchOptions) =>
    (await generator.generateBatch([[1, 2]], { temperature: 0, maxNewTokens: 12, ...options }))[0]!.ids;

  it("can be raised and ruled out by token", async () => {
    expect(await greedy({ logitBias: { 7: 1000 } })).toEqual(Array(12).fill(7));
    const free = await greedy({});
    const bias = Object.fromEntries(free.map((id) => [id, Number.NEGATIVE_INFINITY]));
    expect((await greedy({ logitBias: bias })).some((id) => free.includes(id))).toBe(false);
  });

  it("pass through processors of the caller's own, which see the tokens so far", async () => {
    const seen: [number[], number][] = [];
    const counting: LogitsProcessor = (scores, { ids, promptLength }) => {
      seen.push([[...ids], promptLength]);
      scores.fill(Number.NEGATIVE_INFINITY);
      scores[ids.length] = 0;
    };
    for (const options of [{}, { beams: 1 }, { temperature: 1 }]) {
      expect(await greedy({ ...options, maxNewTokens: 3, logitsProcessors: [counting] })).toEqual([2, 3, 4]);
    }
    expect(seen.slice(0, 3)).toEqual([
      [[1, 2], 2],
      [[1, 2, 2], 2],
      [[1, 2, 2, 3], 2],
    ]);
  });

  it("that rule out every token are an error", async () => {
    const never: LogitsProcessor = (scores) => scores.fill(Number.NEGATIVE_INFINITY);
    for (const options of [{ temperature: 0 }, { temperature: 1 }, { beams: 2 }]) {
      const found = generator.generateBatch([[1]], { ...options, logitsProcessors: [never] });
      await expect(found).rejects.toThrow("generate: every token is ruled out (relax noRepeatNgramSize");
    }
  });

  it("fall by OpenAI's penalties with each time a token was generated, not with the prompt", async () => {
    // mu[j] - c[j] * frequency - (c[j] > 0) * presence, by hand.
    const options = { frequencyPenalty: 0.3, presencePenalty: 0.7 };
    const expected = [1, 2];
    for (let made = 0; made < 12; made++) {
      const logprobs = await logprobsAfter(expected);
      const penalized = logprobs.map((logprob, id) => {
        const count = expected.slice(2).filter((before) => before === id).length;
        return logprob - count * options.frequencyPenalty - (count > 0 ? options.presencePenalty : 0);
      });
      expected.push(penalized.indexOf(Math.max(...penalized)));
    }
    expect(await greedy(options)).toEqual(expected.slice(2));
    expect(await greedy(options)).not.toEqual(await greedy({}));
  });
});
