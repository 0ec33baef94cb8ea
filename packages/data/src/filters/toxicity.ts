// Drops documents full of obscene words, by the "List of Dirty, Naughty, Obscene, and Otherwise Bad Words" (CC BY 4.0), which the npm
// package `naughty-words` carries for 25 languages. C4 dropped a page for one word of it; here a share of the words decides.
import { createRequire } from "node:module";
import type { Document, Step } from "../document.ts";
import { DataError } from "../errors.ts";
import { filterStep } from "./filterStep.ts";

/** Languages with a word list, by code. */
export const toxicityLanguages =
  "ar cs da de en eo es fa fi fil fr hi hu it ja kab ko nl no pl pt ru sv th tr zh".split(" ");

/** Options of `filterToxicity`. */
export interface ToxicityOptions {
  /** The language of documents without `metadata.language`. Default `"en"`. */
  readonly defaultLanguage?: string;
  /** Share of the words that may be on the list. Default 0.005. */
  readonly maxShare?: number;
  /** Words of the list that a document must have to be dropped, in all. Default 2. */
  readonly minCount?: number;
  /** Further words and phrases by language. */
  readonly words?: Readonly<Record<string, readonly string[]>>;
}

// Written without spaces between words: looked for inside the text, as C4 does.
const unspaced = new Set(["ja", "th", "zh"]);
const word = /[\p{L}\p{N}\p{M}_'’]+/gu;
/** Characters that stand for a word where words have no spaces. */
const charactersPerWord = 2;

/** A list ready to be counted: phrases by their first word, or one pattern. */
interface WordList {
  count(text: string): { found: number; words: number };
}

/**
 * The step that drops documents in which words of their language's list are more than `maxShare` of all (reason `toxic
 * words`). Documents in languages without a list stay.
 *
 * @throws DataError for a share outside of 0 to 1
 */
export function filterToxicity(options: ToxicityOptions = {}): Step {
  const { defaultLanguage = "en", maxShare = 0.005, minCount = 2, words = {} } = options;
  if (!(maxShare >= 0 && maxShare <= 1)) {
    throw new DataError(`filterToxicity: expected maxShare from 0 to 1, got ${maxShare}`);
  }
  const lists = new Map<string, WordList | undefined>();
  const listOf = (language: string): WordList | undefined => {
    if (!lists.has(language)) lists.set(language, loadList(language, words[language] ?? []));
    return lists.get(language);
  };
  return filterStep("filterToxicity", ({ text, metadata }: Document) => {
    const list = listOf(typeof metadata?.language === "string" ? metadata.language : defaultLanguage);
    if (list === undefined) return undefined;
    const { found, words: all } = list.count(text.toLowerCase());
    return found >= minCount && found > all * maxShare ? "toxic words" : undefined;
  });
}

function loadList(language: string, more: readonly string[]): WordList | undefined {
  const published = toxicityLanguages.includes(language)
    ? (createRequire(import.meta.url)(`naughty-words/${language}.json`) as string[])
    : [];
  const entries = [...published, ...more].map((entry) => entry.toLowerCase());
  if (entries.length === 0) return undefined;
  return unspaced.has(language) ? patternList(entries) : phraseList(entries);
}

function phraseList(entries: readonly string[]): WordList {
  const phrases = new Map<string, string[][]>();
  for (const entry of entries) {
    const [first, ...rest] = entry.match(word) ?? [];
    if (first !== undefined) phrases.set(first, [...(phrases.get(first) ?? []), rest]);
  }
  return {
    count(text) {
      const words = text.match(word) ?? [];
      let found = 0;
      for (const [i, first] of words.entries()) {
        const rests = phrases.get(first);
        if (rests?.some((rest) => rest.every((next, k) => words[i + 1 + k] === next))) found += 1;
      }
      return { found, words: words.length };
    },
  };
}

function patternList(entries: readonly string[]): WordList {
  const escaped = entries
    .map((entry) => entry.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
    .sort((a, b) => b.length - a.length);
  const pattern = new RegExp(escaped.join("|"), "gu");
  return {
    count(text) {
      const letters = text.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
      return { found: text.match(pattern)?.length ?? 0, words: letters / charactersPerWord };
    },
  };
}
