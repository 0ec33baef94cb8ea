import { readFileSync } from "node:fs";
import { type CausalLanguageModel, Gpt, loadModel } from "@llm/model";
import { compile, mul, onnxExecutor, referenceExecutor, type Tensor, tensor } from "@llm/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { perplexity } from "./perplexity.ts";
import type { TokenSource } from "./tokenSource.ts";

const fixture = JSON.parse(readFileSync(new URL("./__fixtures__/perplexity.json", import.meta.url), "utf8")) as {
  tokens: number[];
  cases: { windowLength: number; stride: number; negativeLogLikelihood: number }[];
};
const tokens = Uint32Array.from(fixture.tokens);
const executor = onnxExecutor({ threads: 1 });
let model: CausalLanguageModel;

beforeAll(async () => {
  model = await loadModel(new URL("../../model/src/__fixtures__/gpt2/", import.meta.url).pathname);
});
afterAll(() => executor.dispose());

describe("against transformers' GPT2LMHeadModel", () => {
  it.each(fixture.cases)("windows of $windowLength, stride $stride", async (expected) => {
    const { windowLength, stride } = expected;
    const score = await perplexity(model, tokens, { windowLength, stride, executor });
    expect(score.tokens).toBe(tokens.length - 1);
    expect(score.negativeLogLikelihood).toBeCloseTo(expected.negativeLogLikelihood, 2);
    expect(score.perplexity).toBeCloseTo(Math.exp(expected.negativeLogLikelihood / score.tokens), 2);
  });
});

/** -ln p of each token but the first, every one computed alone with the context that the windows give it. */
async function naive(windowLength: number, stride: number): Promise<number> {
  using forward = compile((model: CausalLanguageModel, ids: Tensor) => model.forward(ids), {
    executor,
    dynamic: { "1": [1, "sequence"] },
  });
  let sum = 0;
  for (let place = 1; place < tokens.length; place++) {
    const window = place < windowLength ? 0 : Math.ceil((place - windowLength + 1) / stride);
    const context = Int32Array.from(tokens.subarray(window * stride, place));
    const logits = await forward(model, tensor(context, { shape: [1, context.length] }));
    const row = ((await logits.data()) as Float32Array).subarray(-model.config.vocabularySize);
    const largest = Math.max(...row);
    sum += largest + Math.log(row.reduce((total, x) => total + Math.exp(x - largest), 0)) - row[tokens[place]!]!;
  }
  return sum;
}

it("equals one computation per token", async () => {
  const score = await perplexity(model, tokens, { windowLength: 12, stride: 5, executor });
  expect(score.negativeLogLikelihood).toBeCloseTo(await naive(12, 5), 2);
});

it("adds up the same losses whatever the batch size and however full the last batch is", async () => {
  const options = { windowLength: 16, stride: 8, executor };
  const sums = [];
  for (const batchSize of [1, 4, 7, 100]) {
    sums.push((await perplexity(model, tokens, { ...options, batchSize })).negativeLogLikelihood);
  }
  // The matrix products may round differently in batches of other sizes; the sum does not.
  for (const sum of sums) expect(Math.abs(sum / sums[0]! - 1)).toBeLessThan(1e-7);
  const reference = { ...options, executor: referenceExecutor() };
  const exact = await perplexity(model, tokens, { ...reference, batchSize: 1 });
  expect(await perplexity(model, tokens, { ...reference, batchSize: 7 })).toEqual(exact);
});

it("reads a dataset in pieces and divides by its bytes", async () => {
  const reads: number[] = [];
  const source: TokenSource = {
    tokenCount: tokens.length,
    byteCount: 400,
    read: async (offset, length) => {
      reads.push(length);
      return tokens.slice(offset, offset + length);
    },
  };
  const options = { windowLength: 16, stride: 8, batchSize: 2, executor };
  const score = await perplexity(model, source, options);
  expect(Math.max(...reads)).toBe(24);
  expect(score).toEqual({ ...(await perplexity(model, tokens, { ...options, byteCount: 400 })) });
  expect(score.bitsPerToken).toBeCloseTo(Math.log2(score.perplexity), 10);
  expect(score.bitsPerByte).toBeCloseTo((score.bitsPerToken * score.tokens) / 400, 10);
  expect(await perplexity(model, tokens, options)).not.toHaveProperty("bitsPerByte");
});

it("takes a text shorter than the window", async () => {
  const short = await perplexity(model, tokens.slice(0, 2), { executor });
  const whole = await perplexity(model, tokens.slice(0, 32), { windowLength: 32, executor });
  expect(short.tokens).toBe(1);
  expect(whole.tokens).toBe(31);
});

it("tells how far it is and stops when told to", async () => {
  const seen: number[] = [];
  const abort = new AbortController();
  const running = perplexity(model, tokens, {
    windowLength: 16,
    stride: 8,
    batchSize: 2,
    executor,
    signal: abort.signal,
    onProgress: ({ tokens, totalTokens }) => {
      expect(totalTokens).toBe(149);
      seen.push(tokens);
      if (seen.length === 3) abort.abort(new Error("enough"));
    },
  });
  await expect(running).rejects.toThrow("enough");
  expect(seen).toEqual([23, 39, 55]);
});

describe("bad input", () => {
  it.each([
    [{ windowLength: 33 }, "windowLength must be a whole number from 2 to 32 (the model's context length), got 33"],
    [{ windowLength: 8, stride: 8 }, "stride must be a whole number from 1 to 7"],
    [{ stride: 0 }, "stride must be a whole number from 1 to 31"],
    [{ batchSize: 0.5 }, "batchSize must be a whole number from 1"],
    [{ byteCount: 0 }, "perplexity: byteCount must be above 0, got 0"],
  ])("%j", async (options, message) => {
    await expect(perplexity(model, tokens, { ...options, executor })).rejects.toThrow(message);
  });

  it("names what the tokens or the model get wrong", async () => {
    await expect(perplexity(model, [1, 2, 3] as never)).rejects.toThrow("expected a Uint32Array or a dataset");
    await expect(perplexity(model, tokens.slice(0, 1))).rejects.toThrow("at least 2 tokens are needed, got 1");
    await expect(perplexity(model, Uint32Array.of(1, 2, 96), { executor })).rejects.toThrow(
      "token id 96 at 2 is outside the vocabulary of 96",
    );
    const damaged = new Gpt({ vocabularySize: 96, contextLength: 16, layers: 1, heads: 1, width: 8 });
    const nan = {
      ...damaged,
      forward: (ids: Parameters<Gpt["forward"]>[0]) => mul(damaged.forward(ids), Number.NaN),
    } as unknown as CausalLanguageModel;
    await expect(perplexity(nan, tokens, { batchSize: 1, executor })).rejects.toThrow(
      "the loss is not a number among tokens 1 to 15",
    );
  });
});
