import { expect, it } from "vitest";
import { ModelError } from "../errors.ts";
import { type BatchOptions, checkOptions } from "./options.ts";

const tokenizer = { vocabularySize: 1, decodeStream: () => ({ push: () => "", end: () => "" }) };

it("names the option outside its limits", () => {
  const cases: [BatchOptions, string][] = [
    [{ temperature: -1 }, "temperature must be a number, at least 0, got -1"],
    [{ temperature: Number.NaN }, "temperature must be a number, at least 0, got NaN"],
    [{ temperature: Number.POSITIVE_INFINITY }, "temperature must be a number, at least 0, got Infinity"],
    [{ topK: 1.5 }, "topK must be a whole number, at least 0, got 1.5"],
    [{ topK: -1 }, "topK must be a whole number, at least 0, got -1"],
    [{ topP: 0 }, "topP must be above 0 and at most 1, got 0"],
    [{ topP: 1.1 }, "topP must be above 0 and at most 1, got 1.1"],
    [{ minP: -0.1 }, "minP must be a number from 0 to 1, got -0.1"],
    [{ minP: 1.1 }, "minP must be a number from 0 to 1, got 1.1"],
    [{ seed: 0.5 }, "seed must be a whole number, got 0.5"],
    [{ repetitionPenalty: 0 }, "repetitionPenalty must be a number above 0, got 0"],
    [{ repetitionPenalty: Number.POSITIVE_INFINITY }, "repetitionPenalty must be a number above 0, got Infinity"],
    [{ frequencyPenalty: 2.1 }, "frequencyPenalty must be a number from -2 to 2, got 2.1"],
    [{ presencePenalty: -3 }, "presencePenalty must be a number from -2 to 2, got -3"],
    [{ noRepeatNgramSize: -1 }, "noRepeatNgramSize must be a whole number, at least 0, got -1"],
    [{ maxNewTokens: 0 }, "maxNewTokens must be a whole number above 0, got 0"],
    [{ logprobs: -1 }, "logprobs must be a whole number, at least 0, got -1"],
    [{ logprobs: 11 }, "logprobs must be at most the 10 tokens of the vocabulary, got 11"],
    [{ logitBias: { 10: 1 } }, "logitBias names token id 10, outside the vocabulary of 10"],
    [{ logitBias: { 1: Number.NaN } }, "logitBias of token id 1 must be a number, got NaN"],
    [{ stopIds: [0.5] }, "stopIds must hold token ids, got 0.5"],
    [{ stopStrings: ["a"] }, "stopStrings need the tokenizer that makes text of the tokens (give it as tokenizer)"],
    [{ stopStrings: [""], tokenizer }, "stopStrings must not hold an empty text (leave it out)"],
    [{ numberOfSequences: 0 }, "numberOfSequences must be a whole number above 0, got 0"],
    [
      { numberOfSequences: 2, temperature: 0 },
      "2 sequences of the likeliest tokens would all be the same (set temperature, or beams)",
    ],
    [{ beams: 0 }, "beams must be a whole number above 0, got 0"],
    [{ beams: 11 }, "beams must be at most the 10 tokens of the vocabulary, got 11"],
    [{ beams: 2, numberOfSequences: 3 }, "numberOfSequences must be at most the 2 beams, got 3"],
    [{ beams: 2, lengthPenalty: Number.NaN }, "lengthPenalty must be a number, got NaN"],
    [{ beams: 2, earlyStopping: "always" as never }, 'earlyStopping must be true, false or "never", got always'],
    [{ beams: 2, topK: 5 }, "beam search does not draw tokens (leave out temperature, topK, topP and minP, or beams)"],
  ];
  for (const [options, text] of cases) {
    expect(() => checkOptions(options, 10), text).toThrow(ModelError);
    expect(() => checkOptions(options, 10)).toThrow(`generate: ${text}`);
  }
});

it("takes options at their limits", () => {
  const atLimits: BatchOptions[] = [
    { temperature: 0, topK: 0, topP: 1, minP: 1, seed: -5 },
    { frequencyPenalty: 2, presencePenalty: -2, repetitionPenalty: 0.5, noRepeatNgramSize: 1, logprobs: 10 },
    { beams: 10, numberOfSequences: 10, temperature: 0, lengthPenalty: -1, earlyStopping: "never" },
    { logitBias: { 9: Number.NEGATIVE_INFINITY }, stopStrings: ["\n"], tokenizer },
  ];
  for (const options of atLimits) expect(() => checkOptions(options, 10)).not.toThrow();
});
