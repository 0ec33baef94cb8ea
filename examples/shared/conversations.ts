// Conversations about the speeches: who was president in which year, and words on a subject. Questions are written by template; answers
// are the year's speaker and whole sentences of the speeches.
import type { ChatMessage } from "@llm/tokenizer";
import { type Speech, sentencesOf } from "./speeches.ts";

/** A template in the form of ChatML; the special tokens are in the vocabulary of example 03. */
export const chatTemplate =
  "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

export const subjects = ["peace", "war", "trade", "labor", "taxes", "education", "the law", "freedom"];

const wordings = [
  (year: number) => `Who was President in ${year}?`,
  (year: number) => `Who spoke to Congress in ${year}?`,
  (year: number) => `Name the President of the year ${year}.`,
];

/** Two messages: what the user asks, what the assistant answers. */
export type Exchange = readonly [user: ChatMessage, assistant: ChatMessage];

function exchange(question: string, answer: string): Exchange {
  return [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ];
}

export function presidentQuestions(speeches: readonly Speech[]): Exchange[] {
  return speeches.flatMap(({ year, president }) => wordings.map((wording) => exchange(wording(year), president)));
}

/** A request for words on each subject, with each sentence of 30 to 160 characters that has the subject in it. */
export function subjectRequests(speeches: readonly Speech[]): Exchange[] {
  const sentences = speeches
    .flatMap(({ text }) => sentencesOf(text))
    .filter(({ length }) => length >= 30 && length <= 160);
  return subjects.flatMap((subject) => {
    const pattern = new RegExp(`\\b${subject}\\b`);
    return sentences
      .filter((sentence) => pattern.test(sentence))
      .map((sentence) => exchange(`Say something about ${subject}.`, sentence));
  });
}
