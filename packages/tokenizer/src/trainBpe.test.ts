import { describe, expect, it } from "vitest";
import { readFixture } from "./testing/fixtures.ts";
import { toTokenizerJson } from "./tokenizerJson.ts";
import { type BpeTrainingOptions, type BpeTrainingProgress, trainByteLevelBpe } from "./trainBpe.ts";

const corpus = readFixture<string[]>("corpus.json");

/** How tools/fixtures/tokenizer.py trained these files; the last one is ours, and is read by Hugging Face there. */
const trainings: Record<string, BpeTrainingOptions> = {
  gpt2: { vocabularySize: 900 },
  o200k: { vocabularySize: 700, pattern: "o200k", maxTokenLength: 6 },
  "trained-here": {
    vocabularySize: 500,
    pattern: "cl100k",
    specialTokens: ["<|endoftext|>", "<|start|>", "<|end|>"],
  },
};

describe("training", () => {
  it.each(Object.entries(trainings))("gives the file of Hugging Face's trainer: %s", async (name, options) => {
    const tokenizer = await trainByteLevelBpe(corpus, options);
    expect(JSON.parse(JSON.stringify(toTokenizerJson(tokenizer)))).toEqual(readFixture(`${name}.json`));
  });

  it("reads asynchronous sources, and does not depend on the order of the texts", async () => {
    async function* backwards(): AsyncGenerator<string> {
      yield* corpus.toReversed();
    }
    const options = { vocabularySize: 600, minFrequency: 0 };
    const forwards = toTokenizerJson(await trainByteLevelBpe(corpus, options));
    expect(toTokenizerJson(await trainByteLevelBpe(backwards(), options))).toEqual(forwards);
  });

  it("stops early when no pair is frequent enough", async () => {
    const tokenizer = await trainByteLevelBpe(["abab abab", "xy"], { vocabularySize: 1000, specialTokens: [] });
    // ab, abab; " abab" and "xy" occur once.
    expect(tokenizer.vocabularySize).toBe(258);
    expect([...tokenizer.encode("ababab")].map((id) => tokenizer.idToToken(id))).toEqual(["abab", "ab"]);
  });

  it("learns byte order marks and U+FFFD for lone surrogates like other characters", async () => {
    const tokenizer = await trainByteLevelBpe(["\ufeff!\ud800", "\ufeff!\udfff"], { vocabularySize: 300 });
    expect([...tokenizer.encode("\ufeff!\ufffd")].map((id) => tokenizer.idToToken(id))).toEqual(["ï»¿!ï¿½"]);
  });

  it("reports progress, and ends on the whole", async () => {
    const seen: BpeTrainingProgress[] = [];
    await trainByteLevelBpe(corpus, { vocabularySize: 400, onProgress: (progress) => seen.push(progress) });
    const characters = corpus.reduce((sum, text) => sum + text.length, 0);
    expect(seen.find((progress) => progress.phase === "counting")).toMatchObject({ texts: corpus.length, characters });
    expect(seen.at(-1)).toEqual({ phase: "merging", vocabularySize: 400, target: 400 });
  });

  it("can be stopped", async () => {
    const stopped = AbortSignal.abort(new Error("enough"));
    await expect(trainByteLevelBpe(corpus, { vocabularySize: 400, signal: stopped })).rejects.toThrow("enough");
    const controller = new AbortController();
    function* abortsHalfway(): Generator<string> {
      yield corpus[0]!;
      controller.abort(new Error("halfway"));
    }
    const training = trainByteLevelBpe(abortsHalfway(), { vocabularySize: 400, signal: controller.signal });
    await expect(training).rejects.toThrow("halfway");
  });

  it.each<[string, unknown, Partial<Record<keyof BpeTrainingOptions, unknown>>, string]>([
    ["no texts", [], {}, "expected some text to train on, got 0 texts"],
    ["empty texts", ["", ""], {}, "got 2 texts without any"],
    ["one string", "text", {}, "got one string (wrap it in an array)"],
    ["a number", ["a", 5], {}, "expected text 1 to be a string, got number"],
    ["a small vocabulary", corpus, { vocabularySize: 256 }, "whole number from 257 (256 bytes and 1 special tokens)"],
    ["a fractional vocabulary", corpus, { vocabularySize: 300.5 }, "got 300.5"],
    ["an unknown pattern", corpus, { pattern: "words" }, '"words" is no known pattern (use gpt2, cl100k, o200k)'],
    ["a special token twice", corpus, { specialTokens: ["<a>", "<a>"] }, "specialTokens must be different"],
    ["a negative frequency", corpus, { minFrequency: -1 }, "minFrequency must be at least 0"],
  ])("refuses %s", async (_name, texts, options, message) => {
    const all = { vocabularySize: 400, ...options } as BpeTrainingOptions;
    await expect(trainByteLevelBpe(texts as string[], all)).rejects.toThrow(message);
  });
});
