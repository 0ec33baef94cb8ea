import { readFileSync } from "node:fs";
import { type CausalLanguageModel, Gpt, loadModel } from "@llm/model";
import { mapTensors, tensor } from "@llm/tensor";
import { parseTokenizerJson } from "@llm/tokenizer";
import { beforeAll, expect, test } from "vitest";
import { type MultipleChoiceQuestion, multipleChoice } from "./multipleChoice.ts";

interface ScoredQuestion extends MultipleChoiceQuestion {
  readonly logLikelihoods: number[];
  readonly acc: number;
  readonly accNorm: number;
}

const fixture = JSON.parse(readFileSync(new URL("./__fixtures__/multipleChoice.json", import.meta.url), "utf8")) as {
  acc: number;
  accStandardError: number;
  accNorm: number;
  accNormStandardError: number;
  questions: ScoredQuestion[];
  tokenizer: object;
};
const tokenizer = parseTokenizerJson(fixture.tokenizer);
const bytes = { encode: (text: string) => Buffer.from(text) };
const byteModel = new Gpt({ vocabularySize: 256, contextLength: 16, layers: 1, heads: 2, width: 8 });
let model: CausalLanguageModel;

beforeAll(async () => {
  model = await loadModel(new URL("../../model/src/__fixtures__/gpt2/", import.meta.url).pathname);
});

test("likelihoods and accuracies are those of lm-evaluation-harness", async () => {
  const { questions } = fixture;
  const done: number[] = [];
  const score = await multipleChoice(model, tokenizer, questions, {
    onProgress: ({ questions }) => done.push(questions),
  });
  for (const [i, { logLikelihoods }] of questions.entries()) {
    for (const [j, expected] of logLikelihoods.entries()) expect(score.logLikelihoods[i]![j]).toBeCloseTo(expected, 3);
  }
  expect(score.accuracy.value).toBeCloseTo(fixture.acc, 12);
  expect(score.accuracy.standardError).toBeCloseTo(fixture.accStandardError, 12);
  expect(score.normalizedAccuracy.value).toBeCloseTo(fixture.accNorm, 12);
  expect(score.normalizedAccuracy.standardError).toBeCloseTo(fixture.accNormStandardError, 12);
  expect(done).toEqual([questions.length]);
});

test("more questions than fit one run come back in their order", async () => {
  const questions = fixture.questions.slice(0, 6);
  const together = await multipleChoice(model, tokenizer, Array.from({ length: 20 }, () => questions).flat());
  const alone = await multipleChoice(model, tokenizer, [questions[3]!]);
  for (const [j, sum] of alone.logLikelihoods[0]!.entries()) {
    expect(together.logLikelihoods.at(-3)![j]).toBeCloseTo(sum, 3);
  }
  expect(alone.accuracy.standardError).toBeNaN();
});

test("the first of equal choices counts, and characters are code points", async () => {
  const context = "x";
  const tie = await multipleChoice(byteModel, bytes, [
    { context, choices: ["a", "a"], answer: 0 },
    { context, choices: ["a", "a"], answer: 1 },
  ]);
  expect(tie.accuracy.value).toBe(0.5);
  const { logLikelihoods, normalizedAccuracy } = await multipleChoice(byteModel, bytes, [
    { context, choices: ["😀", "ab"], answer: 1 },
  ]);
  const [emoji, letters] = logLikelihoods[0]!;
  expect(normalizedAccuracy.value).toBe(letters! / 2 > emoji! ? 1 : 0);
});

const right = { context: "x", choices: ["a", "b"], answer: 0 };
test.each([
  [[], "multipleChoice: at least one question is needed"],
  [[right, { ...right, choices: [] }], "multipleChoice: question 1 has no choices"],
  [[{ ...right, choices: ["a", ""] }], "multipleChoice: question 0 has an empty choice at 1"],
  [[{ ...right, answer: 2 }], "multipleChoice: question 0: answer must be the place of one of its 2 choices, got 2"],
  [
    [{ ...right, context: " " }],
    "multipleChoice: question 0 has an empty context, and the model's configuration names no token",
  ],
] as [MultipleChoiceQuestion[], string][])("%j is refused", async (questions, message) => {
  await expect(multipleChoice(byteModel, bytes, questions)).rejects.toThrow(message);
});

test("a choice that melts into its context, damaged weights and an abort are told", async () => {
  const deaf = { encode: () => [1] };
  await expect(multipleChoice(byteModel, deaf, [right])).rejects.toThrow("choice 0 of question 0 adds no token");
  const damaged = mapTensors(byteModel, ({ shape }) => {
    const sizes = shape as readonly number[];
    return tensor(new Float32Array(sizes.reduce((a, b) => a * b, 1)).fill(Number.NaN), { shape: sizes });
  });
  await expect(multipleChoice(damaged, bytes, [right])).rejects.toThrow("likelihoods of question 0 are not numbers");
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(multipleChoice(byteModel, bytes, [right], { signal })).rejects.toThrow("enough");
});
