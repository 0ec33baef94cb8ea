// From questions about a text to windows that a model's context holds: long texts are cut into windows that overlap.
import { TrainError } from "../errors.ts";
import type { TextExample } from "./textExamples.ts";

/** A question about a text, and where the text answers it; a record of SQuAD is one, with its answers' places in code units. */
export interface Question {
  /** Different for each question. */
  readonly id: string;
  readonly question: string;
  readonly context: string;
  /** All answers that are right; the first is learnt. None where the text does not answer the question. */
  readonly answers: readonly Answer[];
}

export interface Answer {
  readonly text: string;
  /** Code unit of the context where the answer begins. */
  readonly start: number;
}

/** One window of a question's text. */
export interface QuestionWindow extends TextExample {
  readonly question: Question;
  /** For each token of the context its `[start, end)` in the context, for all others undefined. */
  readonly places: readonly (readonly [start: number, end: number] | undefined)[];
  /** First and last token of the answer; 0 (the first token of all) where the window does not have the whole of it. */
  readonly start: number;
  readonly end: number;
}

/** What windows need of a tokenizer; an `OffsetTokenizer` of `@llm/tokenizer` is one. */
export interface PairTokenizer {
  encodeWithOffsets(
    texts: readonly [first: string, second: string],
    options: {
      truncation: { maxLength: number; stride: number; strategy: "onlySecond" };
      padding: false;
    },
  ): PairEncoding & { readonly overflowing: readonly PairEncoding[] };
}

export interface PairEncoding {
  readonly ids: Uint32Array;
  readonly offsets: readonly (readonly [start: number, end: number])[];
  /** 1 for the second text. */
  readonly typeIds: Uint32Array;
  readonly specialTokensMask: Uint8Array;
}

export interface WindowOptions {
  /** Tokens of a window, question and special tokens included. Default 384. */
  readonly maximumLength?: number;
  /** Tokens of the text that two windows next to each other share. Default 128. */
  readonly stride?: number;
}

/**
 * The windows of a question.
 * @throws TrainError where an answer is not at its place in the text.
 */
export function questionWindows(
  tokenizer: PairTokenizer,
  question: Question,
  { maximumLength = 384, stride = 128 }: WindowOptions = {},
): QuestionWindow[] {
  for (const { text, start } of question.answers) {
    const found = question.context.slice(start, start + text.length);
    if (found === text && text !== "") continue;
    throw new TrainError(
      `questionWindows: the answer ${JSON.stringify(text)} of question ${question.id} should be at ${start} of its context, there is ${JSON.stringify(found)} (places are UTF-16 code units, as JavaScript counts)`,
    );
  }
  const { overflowing, ...first } = tokenizer.encodeWithOffsets([question.question, question.context], {
    truncation: { maxLength: maximumLength, stride, strategy: "onlySecond" },
    padding: false,
  });
  return [first, ...overflowing].map((encoding) => windowOf(question, encoding));
}

function windowOf(question: Question, { ids, offsets, typeIds, specialTokensMask }: PairEncoding): QuestionWindow {
  const places = offsets.map((place, i) => (typeIds[i] === 1 && !specialTokensMask[i] ? place : undefined));
  const [answer] = question.answers;
  const span = answer && tokensOfSpan(places, answer.start, answer.start + answer.text.length);
  return { inputIds: ids, tokenTypeIds: typeIds, question, places, start: span?.[0] ?? 0, end: span?.[1] ?? 0 };
}

/** The last token that begins no later than the span, and the first that ends no earlier; undefined where one is missing. */
function tokensOfSpan(places: QuestionWindow["places"], start: number, end: number): [number, number] | undefined {
  const first = places.findLastIndex((place) => place && place[0] <= start);
  const last = places.findIndex((place) => place && place[1] >= end);
  return first >= 0 && last >= first ? [first, last] : undefined;
}
