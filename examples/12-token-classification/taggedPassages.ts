// Passages of the speeches with a tag for each word: which years, sums of money, days and shares in percent are in them. The tags come from
// the expressions of the questions in example 05; a model sees words and tags alone.
import type { TextPlace } from "@llm/train";
import { factsOf } from "../shared/questions.ts";
import { passagesOf, type Speech } from "../shared/speeches.ts";

export const labels = ["O", "B-YEAR", "B-MONEY", "I-MONEY", "B-DAY", "I-DAY", "B-SHARE", "I-SHARE"] as const;

export interface TaggedPassage {
  readonly text: string;
  /** Where each word is in `text`, and its index in `labels`. */
  readonly words: readonly (TextPlace & { readonly label: number })[];
}

/** The passages of at most 200 characters that have a fact. */
export function taggedPassages(speeches: readonly Speech[]): TaggedPassage[] {
  return speeches
    .flatMap(({ text }) => passagesOf(text, 200))
    .flatMap((text) => {
      const facts = factsOf(text);
      const words = [...text.matchAll(/\$?[\p{L}\p{N}]+(?:[.,'’-][\p{L}\p{N}]+)*/gu)].map(
        ({ 0: word, index: start }) => {
          const fact = facts.find((fact) => start < fact.end && start + word.length > fact.start);
          const tag = fact ? (`${start > fact.start ? "I" : "B"}-${fact.name}` as (typeof labels)[number]) : "O";
          return { start, end: start + word.length, label: labels.indexOf(tag) };
        },
      );
      return facts.length > 0 && words.every(({ label }) => label >= 0) ? [{ text, words }] : [];
    });
}

/** The names in a text, given the label of each word: `1861 YEAR`. */
export function namesOf({ text, words }: TaggedPassage, guesses: readonly number[]): string[] {
  return words.flatMap(({ start, end }, i) => {
    const label = labels[guesses[i]!]!;
    return label === "O" ? [] : [`${text.slice(start, end)} ${label}`];
  });
}
