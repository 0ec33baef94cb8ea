// Questions about passages of the speeches, and where the passage answers each. Patterns find years, sums of money, months with a day,
// and shares in percent; a passage has two or more of different kinds, each once, so that it takes the question
// to know which is asked for. The questions are written by template, the passages are the presidents' own.
import type { Question } from "@llm/train";
import { passagesOf, type Speech } from "./speeches.ts";

const months = "January|February|March|April|May|June|July|August|September|October|November|December";
const kinds = [
  {
    name: "YEAR",
    questions: ["Which year is named?", "What year is it about?"],
    pattern: /\b1[789]\d\d\b|\b20[012]\d\b/g,
  },
  {
    name: "MONEY",
    questions: ["How much money is it?", "What is the sum?"],
    pattern: /\$\d[\d,.]*\d(?: (?:million|billion|trillion))?/g,
  },
  {
    name: "DAY",
    questions: ["On which day?", "What is the date?"],
    pattern: new RegExp(`\\b(?:${months}) \\d{1,2}\\b`, "g"),
  },
  {
    name: "SHARE",
    questions: ["How many percent?", "What is the share?"],
    pattern: /\b\d[\d.]* (?:percent|per cent)/g,
  },
] as const;

/** Every year, sum, day and share in a text, the longest first. */
export function factsOf(text: string): { name: (typeof kinds)[number]["name"]; start: number; end: number }[] {
  const found = kinds.flatMap(({ name, pattern }) =>
    [...text.matchAll(pattern)].map(({ 0: fact, index }) => ({ name, start: index, end: index + fact.length })),
  );
  return found.sort((a, b) => b.end - b.start - (a.end - a.start));
}

export interface SpeechQuestion extends Question {
  /** All facts of the passage in order: what a guess without the question chooses from. */
  readonly facts: readonly string[];
}

/** One question for each fact of each passage (of at most 200 characters) that has several. */
export function speechQuestions(speeches: readonly Speech[]): SpeechQuestion[] {
  return speeches.flatMap(({ id, text }) =>
    passagesOf(text, 200).flatMap((context, passage) => {
      const found = kinds.flatMap(({ questions, pattern }) => {
        const matches = [...context.matchAll(pattern)];
        return matches.length === 1 ? [{ questions, text: matches[0]![0], start: matches[0]!.index }] : [];
      });
      if (found.length < 2) return [];
      const facts = found.toSorted((a, b) => a.start - b.start).map((fact) => fact.text);
      return found.map(({ questions, text, start }, i) => {
        const question = questions[passage % questions.length]!;
        return { id: `${id} ${passage} ${i}`, question, context, answers: [{ text, start }], facts };
      });
    }),
  );
}
