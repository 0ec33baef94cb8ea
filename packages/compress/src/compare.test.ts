import { perplexity } from "@llm/eval";
import { type CausalLanguageModel, Gpt, parameterBytes } from "@llm/model";
import { onnxExecutor } from "@llm/tensor";
import { afterAll, expect, it } from "vitest";
import { compare } from "./compare.ts";
import { comparisonTable } from "./comparisonTable.ts";
import { quantizeInt8 } from "./methods/int8.ts";

const executor = onnxExecutor({ threads: 1 });
afterAll(() => executor.dispose());

const options = { vocabularySize: 50, contextLength: 32, layers: 1, heads: 2, width: 16, initializerRange: 0.3 };
const model = new Gpt(options);
const tokens = Uint32Array.from({ length: 200 }, (_, i) => (i * 13 + (i >> 3)) % 50);

it("measures size, perplexity and speed before and after", async () => {
  const after = await quantizeInt8(model);
  const comparison = await compare(model, after, { tokens, rounds: 3, perplexity: { byteCount: 900 }, executor });
  for (const [measured, expected] of [
    [comparison.before, model],
    [comparison.after, after],
  ] as const) {
    expect(measured.bytes).toBe(parameterBytes(expected));
    expect(measured.score).toEqual(await perplexity(expected, tokens, { byteCount: 900, executor }));
    for (const { median, samples } of [measured.decode, measured.forward]) {
      expect(samples).toHaveLength(3);
      expect(samples.toSorted((a, b) => a - b)[1]).toBe(median);
      expect(Math.min(...samples)).toBeGreaterThan(0);
    }
  }
  expect(comparison.after.bytes).toBeLessThan(comparison.before.bytes);
  expect(JSON.parse(JSON.stringify(comparison))).toEqual(comparison);
});

it("writes a table", () => {
  const score = { negativeLogLikelihood: 10, tokens: 10, perplexity: 40, bitsPerToken: 5 };
  const measurement = (bytes: number, speed: number) => ({
    bytes,
    score,
    decode: { median: speed, samples: [speed] },
    forward: { median: 10 * speed, samples: [10 * speed] },
  });
  const text = comparisonTable({ before: measurement(8e6, 100), after: measurement(2e6, 150) });
  expect(text.split("\n")).toEqual([
    "                          before   after  after / before",
    "size (MB)                   8.00    2.00           0.250",
    "perplexity                40.000  40.000           1.000",
    "bits/token                5.0000  5.0000           1.000",
    "decode (tokens/s)            100     150           1.500",
    "batch forward (tokens/s)    1000    1500           1.500",
  ]);
});

it("names what cannot be compared, and stops when told to", async () => {
  const other = new Gpt({ ...options, vocabularySize: 51 });
  await expect(compare(model, other, { tokens, executor })).rejects.toThrow(
    "compare: expected models with the same vocabularySize, got 50 and 51",
  );
  const asked: [object, string][] = [
    [{ rounds: 0 }, "rounds must be a whole number from 1 to 10000, got 0"],
    [{ newTokens: 17 }, "newTokens must be a whole number from 2 to 16, got 17"],
    [{ sequenceLength: 33 }, "sequenceLength must be a whole number from 1 to 32, got 33"],
    [{ tokens: Uint32Array.of(1) }, "at least 2 tokens are needed, got 1"],
  ];
  for (const [change, message] of asked) {
    await expect(compare(model, model, { tokens, executor, ...change })).rejects.toThrow(message);
  }
  const signal = AbortSignal.abort(new Error("stopped"));
  await expect(compare(model, model as CausalLanguageModel, { tokens, executor, signal })).rejects.toThrow("stopped");
});
