import { Gpt } from "@llm/model";
import { describe, expect, it } from "vitest";
import { type ChatRow, instructionTuning } from "./instructionTuning.ts";
import { packExamples } from "./packExamples.ts";

const model = new Gpt({ vocabularySize: 24, contextLength: 12, layers: 1, heads: 1, width: 4 });
const objective = instructionTuning({ padToMultipleOf: 4 });
const first = { inputIds: [3, 4, 5, 6], lossMask: [0, 0, 1, 1] };
const second = { inputIds: Uint32Array.of(7, 8, 9), lossMask: Uint8Array.of(1, 1, 0) };

async function prepared(rows: readonly ChatRow[]): Promise<Record<string, number[]>> {
  const { inputs } = objective.prepare(rows, model, { seed: 0, place: "" });
  const entries = Object.entries(inputs).map(
    async ([name, value]) => [name, Array.from(await value.data(), Number)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

describe("conversations", () => {
  it("have labels where the token after is to be learnt", async () => {
    expect(await prepared([first, second])).toEqual({
      inputIds: [3, 4, 5, 6, 7, 8, 9, 0],
      labels: [-100, 5, 6, -100, 8, -100, -100, -100],
    });
  });

  it("do not go on into each other where they share a sequence, and count positions anew", async () => {
    expect(await prepared([[first, second], [second]])).toEqual({
      inputIds: [3, 4, 5, 6, 7, 8, 9, 0, 7, 8, 9, 0, 0, 0, 0, 0],
      labels: [-100, 5, 6, -100, 8, -100, -100, -100, 8, -100, -100, -100, -100, -100, -100, -100],
      positionIds: [0, 1, 2, 3, 0, 1, 2, 0, 0, 1, 2, 0, 0, 0, 0, 0],
    });
  });

  it("longer than the context, or of another vocabulary, are named", () => {
    const check =
      (...rows: ChatRow[]) =>
      () =>
        objective.checkBatch!(rows, model);
    const long = { inputIds: Array<number>(13).fill(3), lossMask: Array<number>(13).fill(1) };
    expect(check(first, long)).toThrow("example 1 has 13 tokens, the model's context holds 1 to 12");
    expect(check([first, first, first, first])).toThrow("example 0 has 16 tokens");
    expect(check([first, { inputIds: [24], lossMask: [1] }])).toThrow("inputIds of example 0 has id 24");
    expect(check([])).toThrow("example 0 has 0 tokens");
    expect(check(first, { inputIds: [3, 4], lossMask: [1] })).toThrow("example 1 has 2 tokens and a lossMask of 1");
    expect(check([first, second], first)).not.toThrow();
  });
});

describe("packExamples", () => {
  const example = (length: number) => ({ inputIds: Array<number>(length).fill(1) });
  const lengths = (packed: (readonly { inputIds: number[] }[])[]) =>
    packed.map((row) => row.map(({ inputIds }) => inputIds.length));

  it("fills sequences, the longest first, each example once", () => {
    expect(lengths(packExamples([7, 3, 5, 5, 2, 8].map(example), 10))).toEqual([
      [2, 8],
      [7, 3],
      [5, 5],
    ]);
    const examples = Array.from({ length: 500 }, (_, i) => example(1 + ((i * 31) % 60)));
    const packed = packExamples(examples, 64);
    expect(packed.flat().toSorted((a, b) => examples.indexOf(a) - examples.indexOf(b))).toEqual(examples);
    const total = examples.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
    for (const row of packed)
      expect(row.reduce((sum, { inputIds }) => sum + inputIds.length, 0)).toBeLessThanOrEqual(64);
    expect(packed.length).toBeLessThan(1.02 * (total / 64) + 1);
  });

  it("names an example that no sequence holds", () => {
    expect(() => packExamples([example(3), example(11)], 10)).toThrow(
      "packExamples: example 1 has 11 tokens, a sequence takes 1 to 10 (leave it out, or cut it where it is encoded)",
    );
    expect(() => packExamples([], 0)).toThrow("packExamples: length must be a whole number above 0, got 0");
    expect(() => packExamples([example(0)], 10)).toThrow("packExamples: example 0 has 0 tokens");
    expect(packExamples([], 4)).toEqual([]);
  });
});
