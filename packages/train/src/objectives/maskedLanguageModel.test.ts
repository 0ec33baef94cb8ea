import { BertForMaskedLM } from "@llm/model";
import { describe, expect, it } from "vitest";
import { vocabulary } from "../../test/objectiveCases.ts";
import { type MaskedLanguageModelOptions, maskedLanguageModel, type TokenRows } from "./maskedLanguageModel.ts";
import { wordStarts } from "./tokenVocabulary.ts";

const model = new BertForMaskedLM({ vocabularySize: 24, contextLength: 4096, layers: 1, heads: 1, width: 4 });

/** Rows of ids and labels after masking. */
async function masked(
  batch: TokenRows,
  options: Partial<MaskedLanguageModelOptions> = {},
  place = "batch 0",
): Promise<{ ids: number[][]; labels: number[][] }> {
  const objective = maskedLanguageModel({ tokenizer: vocabulary, padToMultipleOf: 1, ...options });
  const { inputs } = objective.prepare(batch, model, { seed: 5, place });
  const [count, length] = inputs.inputIds!.shape as [number, number];
  const read = async (name: string) => Array.from(await inputs[name]!.data(), Number);
  const labels = Array<number>(count * length).fill(-100);
  const [places, values] = [await read("places"), await read("labels")];
  const perRow = inputs.places!.shape[1] as number;
  for (const [i, column] of places.entries()) {
    if (values[i] !== -100) labels[Math.floor(i / perRow) * length + column] = values[i]!;
  }
  const rows = (values: number[]) =>
    Array.from({ length: count }, (_, row) => values.slice(row * length, (row + 1) * length));
  return { ids: rows(await read("inputIds")), labels: rows(labels) };
}

const long = Array.from({ length: 30 }, (_, row) => ({
  inputIds: Array.from({ length: 2000 }, (_, i) => 3 + ((row + 5 * i) % 20)),
}));

describe("masking", () => {
  it("chooses 15 % of the tokens: 80 % hidden, 10 % others, 10 % as they were", async () => {
    const { ids, labels } = await masked(long);
    const counts = { chosen: 0, hidden: 0, kept: 0 };
    for (const [row, { inputIds }] of long.entries()) {
      for (const [i, id] of inputIds.entries()) {
        const label = labels[row]![i]!;
        if (label === -100) {
          expect(ids[row]![i]).toBe(id);
          continue;
        }
        expect(label).toBe(id);
        counts.chosen += 1;
        counts.hidden += Number(ids[row]![i] === 1);
        counts.kept += Number(ids[row]![i] === id);
      }
    }
    // 60,000 tokens: three deviations are 0.4 %, 1.3 % and 1 %. One substitute in 24 is the mask, one the token itself.
    expect(counts.chosen / 60_000).toBeCloseTo(0.15, 2);
    expect(Math.abs(counts.hidden / counts.chosen - (0.8 + 0.1 / 24))).toBeLessThan(0.015);
    expect(Math.abs(counts.kept / counts.chosen - (0.1 + 0.1 / 24))).toBeLessThan(0.012);
  });

  it("takes whole words where it is told to", async () => {
    const { labels } = await masked(long, { wholeWords: true });
    let chosen = 0;
    for (const [row, { inputIds }] of long.entries()) {
      for (const [i, id] of inputIds.entries()) {
        chosen += Number(labels[row]![i] !== -100);
        // Odd ids go on with the word before them.
        if (id % 2 === 1 && i > 0) expect(labels[row]![i] !== -100).toBe(labels[row]![i - 1] !== -100);
      }
    }
    expect(chosen / 60_000).toBeCloseTo(0.15, 1);
  });

  it("leaves special tokens alone, draws anew for each batch, and the same for the same", async () => {
    const batch = [{ inputIds: [0, 2, 0, 2, 5, 0, 2] }];
    for (let i = 0; i < 20; i++) {
      const { labels } = await masked(batch, { maskShare: 0.9 }, `batch ${i}`);
      expect(labels[0]!.filter((_, k) => k !== 4)).toEqual([-100, -100, -100, -100, -100, -100]);
    }
    const [once, again, other] = [await masked(long), await masked(long), await masked(long, {}, "batch 1")];
    expect(again).toEqual(once);
    expect(other).not.toEqual(once);
  });

  it("takes windows of tokens row by row, without padding", async () => {
    const inputIds = Int32Array.from({ length: 24 }, (_, i) => 3 + (i % 16));
    const windows = { inputIds, labels: inputIds, batchSize: 2, sequenceLength: 12 };
    const rows = [{ inputIds: inputIds.slice(0, 12) }, { inputIds: inputIds.slice(12) }];
    expect(await masked(windows)).toEqual(await masked(rows));
    const { inputs } = maskedLanguageModel({ tokenizer: vocabulary }).prepare(windows, model, { seed: 0, place: "" });
    expect(Object.keys(inputs)).toEqual(["inputIds", "places", "labels"]);
    expect(inputs.inputIds!.shape).toEqual([2, 12]);
  });
});

it("pads to a multiple within the context, and says what is padding", async () => {
  const small = new BertForMaskedLM({ ...model.config, contextLength: 20 });
  const objective = maskedLanguageModel({ tokenizer: vocabulary, padToMultipleOf: 8 });
  const prepare = (rows: number[][]) =>
    objective.prepare(
      rows.map((inputIds) => ({ inputIds, tokenTypeIds: inputIds.map(() => 1) })),
      small,
      { seed: 0, place: "" },
    );
  const { inputs, tokens } = prepare([[3, 4, 5], [6]]);
  expect(tokens).toBe(4);
  expect(Array.from(await inputs.attentionMask!.data(), Number)).toEqual([
    1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
  ]);
  expect(Array.from(await inputs.tokenTypeIds!.data(), Number)).toEqual([
    1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
  ]);
  expect(prepare([Array<number>(18).fill(3)]).inputs.inputIds!.shape).toEqual([1, 20]);
});

it("has a few numbers of places, whatever is drawn, and at least one where nothing is", () => {
  const objective = maskedLanguageModel({ tokenizer: vocabulary });
  const sizes = (rows: number, length: number) => {
    const texts = Array.from({ length: rows }, () => ({ inputIds: Array<number>(length).fill(5) }));
    const counts = Array.from({ length: 30 }, (_, i) => {
      const { inputs } = objective.prepare(texts, model, { seed: 1, place: String(i) });
      expect(inputs.labels!.shape).toEqual(inputs.places!.shape);
      return inputs.places!.shape[1] as number;
    });
    return [...new Set(counts)].sort((a, b) => a - b);
  };
  // Of the 128 tokens of a row 19 are chosen, give or take 12, which is rounded up to a multiple of 8; of one token, most often none.
  expect(sizes(32, 128)).toContain(32);
  for (const size of sizes(32, 128)) expect([24, 32, 40]).toContain(size);
  expect(sizes(1, 1)).toEqual([4]);
});

describe("word starts", () => {
  const vocabularyOf = (tokens: readonly string[]) => ({
    vocabularySize: tokens.length,
    specialTokens: new Map([["[CLS]", 0]]),
    tokenToId: (token: string) => tokens.indexOf(token),
    idToToken: (id: number) => tokens[id],
  });

  it.each([
    ["WordPiece", ["[CLS]", "un", "##able", "."], [1, 1, 0, 1]],
    ["byte-level BPE", ["[CLS]", "Ġun", "able", "Ċ", "."], [1, 1, 0, 1, 0]],
    ["SentencePiece", ["[CLS]", "▁un", "able", "▁", "."], [1, 1, 0, 1, 0]],
  ])("of %s", (_, tokens, expected) => {
    expect(Array.from(wordStarts(vocabularyOf(tokens)))).toEqual(expected);
  });
});

it("names what cannot be", () => {
  const make = (options: Partial<MaskedLanguageModelOptions>) => () =>
    maskedLanguageModel({ tokenizer: vocabulary, ...options });
  expect(make({ maskShare: 0 })).toThrow("maskedLanguageModel: maskShare must be above 0 and below 1, got 0");
  expect(make({ padToMultipleOf: 0 })).toThrow("padToMultipleOf must be a whole number above 0, got 0");
  expect(make({ tokenizer: { ...vocabulary, tokenToId: () => undefined } })).toThrow(
    "maskedLanguageModel: the tokenizer has no token [MASK] or <mask>",
  );
  const objective = maskedLanguageModel({ tokenizer: vocabulary });
  const other = new BertForMaskedLM({ ...model.config, vocabularySize: 20 });
  expect(() => objective.checkModel!(other)).toThrow(
    "maskedLanguageModel: the tokenizer of the data has 24 tokens, the model's vocabulary 20 (use the tokenizer the model was made for",
  );
  const small = new BertForMaskedLM({ ...model.config, contextLength: 6 });
  const check =
    (inputIds: number[], tokenTypeIds: number[] = inputIds.map(() => 0)) =>
    () =>
      objective.checkBatch!([{ inputIds: [3] }, { inputIds, tokenTypeIds }], small);
  expect(check([3, 4, 5, 6, 7, 8, 9])).toThrow(
    "example 1 has 7 tokens, the model's context holds 1 to 6 (cut it when it is encoded)",
  );
  expect(check([])).toThrow("example 1 has 0 tokens");
  expect(check([3, 24])).toThrow("inputIds of example 1 has id 24, the model's vocabulary is 0 to 23");
  expect(check([3, 4], [0, 2])).toThrow("tokenTypeIds of example 1 has id 2");
  expect(check([3, 4], [0])).toThrow("example 1 has 2 tokens and 1 tokenTypeIds (give each token one)");
  expect(() => objective.checkModel!(model)).not.toThrow();
});
