import { expect, it } from "vitest";
import type { TokenSource } from "../tokenSource.ts";
import { evaluateBaseline } from "./baseline.ts";
import { gzipBitsPerByte } from "./gzip.ts";
import { interpolatedNgramModel } from "./ngram.ts";
import { uniformModel } from "./uniform.ts";
import { unigramModel } from "./unigram.ts";

it("gives the uniform model the size of the vocabulary as perplexity", async () => {
  const score = await evaluateBaseline(uniformModel(256), Uint32Array.of(0, 5, 255, 3, 9), { byteCount: 8 });
  expect(score.tokens).toBe(4);
  expect(score.perplexity).toBeCloseTo(256, 10);
  expect(score.bitsPerToken).toBeCloseTo(8, 12);
  expect(score.bitsPerByte).toBeCloseTo(4, 12);
});

it("scores a unigram model by its counts", async () => {
  const model = await unigramModel(Uint32Array.of(0, 0, 0, 1), { vocabularySize: 3 });
  // Counts with one added: 4, 2 and 1 of 7. The first token is not scored.
  const score = await evaluateBaseline(model, Uint32Array.of(2, 0, 1, 2));
  expect(score.negativeLogLikelihood).toBeCloseTo(-Math.log((4 / 7) * (2 / 7) * (1 / 7)), 12);
  expect(score).not.toHaveProperty("bitsPerByte");
});

it("keeps the context across pieces of a dataset", async () => {
  const length = 150_000;
  const all = Uint32Array.from({ length }, (_, i) => (i % 7) * (i % 3));
  const reads: number[] = [];
  const source: TokenSource = {
    tokenCount: length,
    byteCount: length,
    read: async (offset, count) => {
      reads.push(count);
      return all.slice(offset, offset + count);
    },
  };
  const model = await interpolatedNgramModel(source, { vocabularySize: 13, order: 4 });
  const score = await evaluateBaseline(model, source);
  let sum = 0;
  for (let at = 1; at < length; at++) sum -= Math.log(model.probability(all, at));
  expect(score.negativeLogLikelihood).toBeCloseTo(sum, 6);
  expect(Math.max(...reads)).toBeLessThan(70_000);
});

it("gives gzip's bits per byte", async () => {
  const text = "the same words, the same words, the same words and others. ".repeat(40);
  const bits = await gzipBitsPerByte(text);
  expect(bits).toBeLessThan(1);
  expect(bits).toBe(await gzipBitsPerByte(new TextEncoder().encode(text)));
  await expect(gzipBitsPerByte("")).rejects.toThrow("gzipBitsPerByte: the text is empty");
});

it("names what cannot be scored", async () => {
  await expect(evaluateBaseline(uniformModel(4), Uint32Array.of(1))).rejects.toThrow(
    "at least 2 tokens are needed, got 1",
  );
  await expect(evaluateBaseline(uniformModel(4), Uint32Array.of(1, 4))).rejects.toThrow("token id 4 at 1 is outside");
  expect(() => uniformModel(1.5)).toThrow("uniformModel: vocabularySize must be a whole number above 0, got 1.5");
});
