import { tensor } from "@llm/tensor";
import { expect, test } from "vitest";
import { tokenLogprob } from "./generation/logprobs.ts";
import { Gpt } from "./models/gpt.ts";
import { TokenScorer } from "./tokenScorer.ts";

const vocabularySize = 40;
const model = new Gpt(
  { vocabularySize, contextLength: 12, layers: 2, heads: 2, width: 16, initializerRange: 0.4 },
  { seed: 5 },
);
const scorer = new TokenScorer(model);

/** From the logits of the whole sequence, one sequence at a time. */
async function naive(ids: number[], top: number) {
  const inputIds = tensor(Int32Array.from(ids.slice(0, -1)), { shape: [1, ids.length - 1] });
  const logits = (await model.forward(inputIds).data()) as Float32Array;
  return ids
    .slice(1)
    .map((id, i) => tokenLogprob(logits.subarray(i * vocabularySize, (i + 1) * vocabularySize), id, top));
}

test.each([0, 1, 3])("scores are those of the logits, with the %i likeliest", async (top) => {
  const sequences = [[1, 2, 3], [7], [], [5, 4, 3, 2, 1, 0, 39, 38, 37, 36, 35, 34, 33], [9, 9]];
  const scores = await scorer.score(sequences, { top });
  expect(scores.map(({ length }) => length)).toEqual([2, 0, 0, 12, 1]);
  for (const [row, ids] of sequences.entries()) {
    if (ids.length < 2) continue;
    for (const [i, expected] of (await naive(ids, top)).entries()) {
      const { id, logprob, top: likeliest } = scores[row]![i]!;
      expect(id).toBe(expected.id);
      expect(logprob).toBeCloseTo(expected.logprob, 4);
      expect(likeliest.map(({ id }) => id)).toEqual(expected.top.map(({ id }) => id));
      for (const [j, { logprob }] of likeliest.entries()) expect(logprob).toBeCloseTo(expected.top[j]!.logprob, 4);
    }
  }
});

test("more sequences than fit one run come back in their order", async () => {
  const sequences = Array.from({ length: 40 }, (_, i) =>
    Array.from({ length: 2 + (i % 7) }, (_, j) => (i * 3 + j) % 40),
  );
  const together = await scorer.score(sequences);
  const alone = await scorer.score([sequences[23]!]);
  expect(together.map((scores) => scores.map(({ id }) => id))).toEqual(sequences.map((ids) => ids.slice(1)));
  for (const [i, { logprob }] of alone[0]!.entries()) expect(together[23]![i]!.logprob).toBeCloseTo(logprob, 4);
});

test.each([
  [[Array(14).fill(1)], {}, "score: sequence 0 has 14 tokens, the model's context holds 12 and one after them"],
  [[[1], [2, 40]], {}, "score: sequence 1 has token id 40 at position 1, outside the vocabulary of 40"],
  [[[1, 2]], { top: 41 }, "score: top must be a whole number from 0 to 40, got 41"],
] as [number[][], { top?: number }, string][])("%j %j is refused", async (sequences, options, message) => {
  await expect(scorer.score(sequences, options)).rejects.toThrow(message);
});

test("an abort ends it", async () => {
  await expect(scorer.score([[1, 2]], { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
});
