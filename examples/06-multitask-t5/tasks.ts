// The three tasks as text: passages to restore, sentences with their sentiment, passages with the era they were spoken in.
import { exampleBatches } from "@llm/data";
import type { Tokenizer } from "@llm/tokenizer";
import { judgedSentences, sentiments } from "../shared/sentiment.ts";
import { passagesOf, type Speech } from "../shared/speeches.ts";

const eraOf = (year: number) => (year < 1861 ? "early" : year < 1933 ? "middle" : "late");

const passagesWithEra = (speeches: readonly Speech[]) =>
  speeches.flatMap(({ text, year }) => passagesOf(text, 160).map((passage) => ({ passage, era: eraOf(year) })));

interface TaskOptions {
  readonly tokenizer: Tokenizer;
  readonly shuffle: boolean;
  /** Of so many passages one. Default 1: all. Sentences with a sentiment are few and always all. */
  readonly oneIn?: number;
}

/** Batches of each task; `</s>` ends what is read and what is written. */
export function taskBatches(speeches: readonly Speech[], { tokenizer, shuffle, oneIn = 1 }: TaskOptions) {
  const ids = (text: string) => Array.from(tokenizer.encode(text));
  const endId = tokenizer.tokenToId("</s>")!;
  const pair = (input: string, answer: string) => ({
    inputIds: [...ids(input), endId],
    labels: [...ids(answer), endId],
  });
  const options = { batchSize: 16, shuffle };
  const passages = passagesWithEra(speeches).filter((_, i) => i % oneIn === 0);
  const whole = passages
    .map(({ passage }) => ({ inputIds: ids(passage) }))
    .filter(({ inputIds }) => inputIds.length < 100);
  const judged = judgedSentences(speeches).filter(({ text }) => text.length <= 160);
  return {
    spans: exampleBatches(whole, options),
    sentiment: exampleBatches(
      judged.map(({ text, label }) => pair(`sentiment: ${text}`, sentiments[label]!)),
      options,
    ),
    era: exampleBatches(
      passages.map(({ passage, era }) => pair(`era: ${passage}`, era)),
      options,
    ),
  };
}

/** Share of the passages that are of the commonest era. */
export function shareOfCommonestEra(speeches: readonly Speech[]): number {
  const eras = passagesWithEra(speeches).map(({ era }) => era);
  const counts = [...new Set(eras)].map((one) => eras.filter((era) => era === one).length);
  return Math.max(...counts) / eras.length;
}
