// Scores against those of SQuAD's script, seqeval and scikit-learn.
import type { HostArray } from "@llm/tensor";
import { describe, expect, it } from "vitest";
import { expectedValues } from "../../test/objectiveFixtures.ts";
import { answerScorer, bestSpan, scoreAnswer } from "./answerScores.ts";
import { classScorer, multiLabelScorer } from "./classScores.ts";
import { correlationScorer } from "./correlation.ts";
import { entitiesOf, entityScorer, isEntityScheme } from "./entities.ts";
import type { Question } from "./questionWindows.ts";

interface Scores {
  answers: { answer: string; right: string[]; exactMatch: number; f1: number }[];
  entities: { names: string[]; labels: number[][]; classes: number[][]; entityF1: number };
  several: { labels: number[][]; logits: number[][]; accuracy: number; f1: number; f1Micro: number };
  classes: { labels: number[]; classes: number[]; f1: number };
}

const reference = await expectedValues<Scores>("scores");
const int32 = (data: readonly number[]): HostArray => ({
  dtype: "int32",
  shape: [data.length],
  data: Int32Array.from(data),
});

it("scores answers as SQuAD's script", () => {
  for (const { answer, right, exactMatch, f1 } of reference.answers) {
    expect(scoreAnswer(answer, right), answer).toEqual({ exactMatch, f1: expect.closeTo(f1, 12) });
  }
});

it("scores names as seqeval", () => {
  const { names, labels, classes, entityF1 } = reference.entities;
  const scorer = entityScorer(names);
  for (const [row, rowLabels] of labels.entries()) {
    // Places that do not count are left out wherever they are.
    scorer.add([-100, ...rowLabels, -100], [1, ...classes[row]!, 2]);
  }
  expect(scorer.result().entityF1).toBeCloseTo(entityF1, 12);
});

it("finds names, also those that begin in the middle", () => {
  expect(entitiesOf(["O", "I-PER", "I-PER", "B-PER", "I-LOC", "O", "B-LOC"])).toEqual([
    "PER 1 3",
    "PER 3 4",
    "LOC 4 5",
    "LOC 6 7",
  ]);
  expect(isEntityScheme(["O", "B-PER", "I-PER"])).toBe(true);
  expect(isEntityScheme(["NOUN", "VERB"])).toBe(false);
  expect(isEntityScheme(["O", "B-"])).toBe(false);
});

it("scores classes as scikit-learn's macro F1", () => {
  const { labels, classes, f1 } = reference.classes;
  const scorer = classScorer<readonly number[]>((batch) => batch);
  const half = 20;
  scorer.add(labels.slice(0, half), { classes: int32(classes.slice(0, half)) });
  scorer.add([...labels.slice(half), -100], { classes: int32([...classes.slice(half), 4]) });
  expect(scorer.result().f1).toBeCloseTo(f1, 12);
});

it("scores several classes a text as scikit-learn", () => {
  const { labels, logits, ...scores } = reference.several;
  const scorer = multiLabelScorer<readonly number[][]>((batch) => batch);
  const half = 14;
  for (const [from, to] of [
    [0, half],
    [half, labels.length],
  ] as const) {
    const data = Float32Array.from(logits.slice(from, to).flat());
    scorer.add(labels.slice(from, to), { logits: { dtype: "float32", shape: [to - from, 5], data } });
  }
  for (const [name, value] of Object.entries(scores)) expect(scorer.result()[name], name).toBeCloseTo(value, 12);
});

it("correlates values with labels", () => {
  const scorer = () => correlationScorer<readonly number[]>((batch) => batch);
  const values = (data: readonly number[]) => ({
    values: { ...int32(data), dtype: "float32", data: Float32Array.from(data) } as HostArray,
  });
  const mixed = scorer();
  mixed.add([1, 2], values([2, 1]));
  mixed.add([3, 4], values([4, 5]));
  // numpy.corrcoef([1, 2, 3, 4], [2, 1, 4, 5])
  expect(mixed.result().pearson).toBeCloseTo(0.8485281374238571, 12);
  const constant = scorer();
  constant.add([1, 2], values([3, 3]));
  expect(constant.result()).toEqual({ pearson: 0 });
});

describe("answers from logits", () => {
  const context = "one two three four";
  const places = [undefined, undefined, [0, 3], [4, 7], [8, 13], [14, 18]] as const;
  const question = (id: string, text: string): Question => ({
    id,
    question: "?",
    context,
    answers: text ? [{ text, start: context.indexOf(text) }] : [],
  });
  const window = (of: Question) => ({ inputIds: [1, 1, 1, 1, 1, 1], question: of, places, start: 0, end: 0 });
  const rows = (...data: number[][]): HostArray => ({
    dtype: "float32",
    shape: [data.length, 6],
    data: Float32Array.from(data.flat()),
  });

  it("are the likeliest span of the context that is neither backwards nor too long", () => {
    const scores = (start: number[], end: number[]) => ({
      start: Float32Array.from(start),
      end: Float32Array.from(end),
    });
    const best = (start: number[], end: number[], options = {}) =>
      bestSpan({ places }, scores(start, end), options)?.place;
    expect(best([9, 9, 0, 5, 0, 0], [9, 9, 0, 0, 5, 0])).toEqual([4, 13]);
    expect(best([0, 0, 0, 0, 5, 0], [0, 0, 0, 5, 1, 0])).toEqual([8, 13]);
    expect(best([0, 0, 5, 0, 0, 1], [0, 0, 0, 0, 0, 5], { maximumAnswerLength: 3 })).toEqual([14, 18]);
    expect(best([9, 8, 0, 0, 0, 0], [9, 8, 0, 0, 0, 0], { candidates: 2 })).toBeUndefined();
  });

  it("are the best of all windows of a question, and none where that is likelier", () => {
    const [two, none] = [question("a", "two"), question("b", "")];
    const batch = [window(two), window(two), window(none)];
    const predictions = {
      start: rows([0, 0, 3, 0, 0, 0], [0, 0, 0, 4, 0, 0], [5, 0, 1, 0, 0, 0]),
      end: rows([0, 0, 3, 0, 0, 0], [0, 0, 0, 4, 0, 0], [5, 0, 1, 0, 0, 0]),
    };
    const scored = (unanswerable: boolean) => {
      const scorer = answerScorer({ unanswerable });
      scorer.add(batch, predictions);
      return scorer.result();
    };
    expect(scored(true)).toEqual({ exactMatch: 1, f1: 1 });
    expect(scored(false)).toEqual({ exactMatch: 0.5, f1: 0.5 });
    expect(answerScorer({}).result()).toEqual({ exactMatch: 0, f1: 0 });
  });
});
