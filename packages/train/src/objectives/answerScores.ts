// Answers from logits, and how SQuAD's published evaluation scores them (Rajpurkar et al. 2016 and, without an answer, 2018).
import type { HostArray } from "@llm/tensor";
import type { Scorer } from "./objective.ts";
import type { Question, QuestionWindow } from "./questionWindows.ts";

export interface AnswerOptions {
  /** Longest answer in tokens. Default 30. */
  readonly maximumAnswerLength?: number;
  /** How many of the most likely first and last tokens are tried. Default 20. */
  readonly candidates?: number;
  /** Whether there may be no answer: then that is said where it scores higher. Default false. */
  readonly unanswerable?: boolean;
}

/** A question's best answer so far. */
interface Found {
  readonly question: Question;
  text: string;
  score: number;
  /** Of no answer: the lowest of all windows. */
  nullScore: number;
}

/** Reads the predictions `start` and `end`, logits [batch, length], and tells `exactMatch` and `f1`, over questions, from 0 to 1. */
export function answerScorer(options: AnswerOptions): Scorer<readonly QuestionWindow[]> {
  const found = new Map<string, Found>();
  return {
    add(windows, { start, end }) {
      for (const [row, window] of windows.entries()) {
        const { question } = window;
        const scores = { start: rowOf(start!, row), end: rowOf(end!, row) };
        const before = found.get(question.id) ?? { question, text: "", score: -Infinity, nullScore: Infinity };
        const best = bestSpan(window, scores, options);
        if (best && best.score > before.score) {
          before.text = question.context.slice(...best.place);
          before.score = best.score;
        }
        before.nullScore = Math.min(before.nullScore, scores.start[0]! + scores.end[0]!);
        found.set(question.id, before);
      }
    },
    result: () => meanScores([...found.values()], options.unanswerable ?? false),
  };
}

function rowOf({ data, shape }: HostArray, row: number): Float32Array {
  const length = shape[1]!;
  return data.slice(row * length, (row + 1) * length) as Float32Array;
}

interface Span {
  readonly place: readonly [start: number, end: number];
  readonly score: number;
}

/** The most likely span of the context, undefined where the window has none of it among the candidates. */
export function bestSpan(
  { places }: Pick<QuestionWindow, "places">,
  scores: { readonly start: Float32Array; readonly end: Float32Array },
  { maximumAnswerLength = 30, candidates = 20 }: AnswerOptions = {},
): Span | undefined {
  let best: Span | undefined;
  const ends = largest(scores.end, candidates);
  for (const first of largest(scores.start, candidates)) {
    for (const last of ends) {
      const [from, to] = [places[first], places[last]];
      if (!from || !to || last < first || last - first + 1 > maximumAnswerLength) continue;
      const score = scores.start[first]! + scores.end[last]!;
      if (!best || score > best.score) best = { place: [from[0], to[1]], score };
    }
  }
  return best;
}

/** Indices of the largest values. */
function largest(values: Float32Array, count: number): number[] {
  const indices = Array.from(values, (_, i) => i);
  return indices.sort((a, b) => values[b]! - values[a]!).slice(0, count);
}

function meanScores(found: readonly Found[], unanswerable: boolean): { exactMatch: number; f1: number } {
  const scores = found.map(({ question, text, score, nullScore }) =>
    scoreAnswer(
      unanswerable && nullScore > score ? "" : text,
      question.answers.map(({ text }) => text),
    ),
  );
  const mean = (name: "exactMatch" | "f1") =>
    scores.reduce((sum, score) => sum + score[name], 0) / Math.max(scores.length, 1);
  return { exactMatch: mean("exactMatch"), f1: mean("f1") };
}

/** The best that an answer scores against those that are right; no right answer means that there is none to find. */
export function scoreAnswer(answer: string, right: readonly string[]): { exactMatch: number; f1: number } {
  const truths = right.filter((text) => normalizeAnswer(text) !== "");
  const scores = (truths.length > 0 ? truths : [""]).map((truth) => ({
    exactMatch: Number(normalizeAnswer(answer) === normalizeAnswer(truth)),
    f1: wordF1(wordsOf(answer), wordsOf(truth)),
  }));
  return {
    exactMatch: Math.max(...scores.map(({ exactMatch }) => exactMatch)),
    f1: Math.max(...scores.map(({ f1 }) => f1)),
  };
}

/** Lower case, without punctuation, articles and white space that makes no difference. */
function normalizeAnswer(text: string): string {
  const plain = text.toLowerCase().replace(/[!-/:-@[-`{-~]/g, "");
  const withoutArticles = plain.replace(/(?<![\p{L}\p{N}_])(a|an|the)(?![\p{L}\p{N}_])/gu, " ");
  return withoutArticles.split(/\s+/u).filter(Boolean).join(" ");
}

function wordsOf(text: string): string[] {
  return normalizeAnswer(text).split(" ").filter(Boolean);
}

/** Harmonic mean of the shares of words that two texts have in common. */
function wordF1(answer: readonly string[], truth: readonly string[]): number {
  if (answer.length === 0 || truth.length === 0) return Number(answer.length === truth.length);
  const left = new Map<string, number>();
  for (const word of truth) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of answer) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    common += 1;
    left.set(word, count - 1);
  }
  return (2 * common) / (answer.length + truth.length);
}
