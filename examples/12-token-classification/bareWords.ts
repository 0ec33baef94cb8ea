// Text as it is typed in haste, without capitals and punctuation, and of each word what it had: nobody has to label anything.
import type { TextPlace } from "@llm/train";

/** What a word had: a capital first letter or none, and behind it a comma, a full stop, or neither. */
export const labels = ["lower", "lower,", "lower.", "Upper", "Upper,", "Upper."] as const;

export interface BareText {
  readonly text: string;
  /** Where each word is in `text`, and its index in `labels`. */
  readonly words: readonly (TextPlace & { readonly label: number })[];
}

/**
 * A text in pieces of `length` words, cut wherever that is: a piece's end must not give away a full stop. Semicolons and colons count as
 * commas, question and exclamation marks as full stops; quotes, brackets and dashes are dropped.
 */
export function bareTexts(text: string, length: number): BareText[] {
  const found = [...text.matchAll(/([\p{L}\p{N}$](?:\S*[\p{L}\p{N}%])?)(\S*)/gu)].map(([, word, after]) => {
    const mark = /[.?!]/.test(after!) ? "." : /[,;:]/.test(after!) ? "," : "";
    const letters = /^\p{Lu}/u.test(word!) ? "Upper" : "lower";
    return { word: word!.toLowerCase(), label: labels.indexOf(`${letters}${mark}`) };
  });
  return Array.from({ length: Math.floor(found.length / length) }, (_, piece) => {
    const part = found.slice(piece * length, (piece + 1) * length);
    let end = -1;
    const words = part.map(({ word, label }) => {
      const start = end + 1;
      end = start + word.length;
      return { start, end, label };
    });
    return { text: part.map(({ word }) => word).join(" "), words };
  });
}

/** The text with capitals and marks again. */
export function restored({ text, words }: BareText, guesses: readonly number[]): string {
  const written = words.map(({ start, end }, i) => {
    const label = labels[guesses[i]!]!;
    const word = text.slice(start, end);
    const first = label.startsWith("Upper") ? word[0]!.toUpperCase() : word[0]!;
    return `${first}${word.slice(1)}${label.slice("lower".length)}`;
  });
  return written.join(" ");
}
