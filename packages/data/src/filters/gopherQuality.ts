// The quality rules of Gopher (Rae et al. 2021, arXiv:2112.11446, appendix A1.1), with the decisions of datatrove.
import type { Document, Step } from "../document.ts";
import { splitWords } from "./englishTokenizer.ts";
import { filterStep } from "./filterStep.ts";
import { punctuation } from "./punctuationMarks.ts";
import { countCodePoints, countOccurrences, firstInk, inkEnd, splitLines } from "./textScan.ts";

/** Options of `filterGopherQuality`; 0 switches a rule off. Words are counted without those made of punctuation only. */
export interface GopherQualityOptions {
  /** Fewest words. Default 50. */
  readonly minWords?: number;
  /** Most words. Default 100,000. */
  readonly maxWords?: number;
  /** Least mean length of a word in code points. Default 3. */
  readonly minMeanWordLength?: number;
  /** Greatest mean length of a word. Default 10. */
  readonly maxMeanWordLength?: number;
  /** Most `#`, and most ellipses, per word (marks count as words here). Default 0.1. */
  readonly maxSymbolsPerWord?: number;
  /** Largest share of lines that start with `•` or `-`. Default 0.9. */
  readonly maxBulletLines?: number;
  /** Largest share of lines that end with an ellipsis. Default 0.3. */
  readonly maxEllipsisLines?: number;
  /** Smallest share of words (marks among them) with a letter. Default 0.8. */
  readonly minAlphabeticWords?: number;
  /** Fewest different stop words. Default 2. */
  readonly minStopWords?: number;
  /** Default: the, be, to, of, and, that, have, with. */
  readonly stopWords?: readonly string[];
}

const defaults: Required<GopherQualityOptions> = {
  minWords: 50,
  maxWords: 100_000,
  minMeanWordLength: 3,
  maxMeanWordLength: 10,
  maxSymbolsPerWord: 0.1,
  maxBulletLines: 0.9,
  maxEllipsisLines: 0.3,
  minAlphabeticWords: 0.8,
  minStopWords: 2,
  stopWords: ["the", "be", "to", "of", "and", "that", "have", "with"],
};

/** Counts over the words of a text. */
interface WordCounts {
  readonly all: number;
  /** Words that are more than punctuation. */
  readonly plain: number;
  /** Code points in those. */
  readonly plainLength: number;
  readonly alphabetic: number;
  readonly stopWords: number;
}

/**
 * The step that drops English documents by Gopher's quality rules, with the reasons `gopher_short_doc`,
 * `gopher_long_doc`, `gopher_below_avg_threshold`, `gopher_above_avg_threshold`, `gopher_too_many_hashes`,
 * `gopher_too_many_ellipsis`, `gopher_too_many_bullets`, `gopher_too_many_end_ellipsis`, `gopher_below_alpha_threshold`,
 * `gopher_enough_stop_words`; the first rule that fails names it.
 *
 * @example
 * pipeline(readDocuments("corpus/"), [filterGopherQuality({ minWords: 100 })]);
 */
export function filterGopherQuality(options: GopherQualityOptions = {}): Step {
  const rules = { ...defaults, ...options };
  const stopWords = new Set(rules.stopWords);
  return filterStep("filterGopherQuality", ({ text }: Document) => reasonToDrop(text, rules, stopWords));
}

function reasonToDrop(text: string, rules: typeof defaults, stopWords: ReadonlySet<string>): string | undefined {
  const counts = countWords(splitWords(text), stopWords);
  if (counts.plain < rules.minWords) return "gopher_short_doc";
  if (exceeds(counts.plain, rules.maxWords)) return "gopher_long_doc";
  const meanLength = counts.plainLength / counts.plain;
  if (meanLength < rules.minMeanWordLength) return "gopher_below_avg_threshold";
  if (exceeds(meanLength, rules.maxMeanWordLength)) return "gopher_above_avg_threshold";
  if (exceeds(countOccurrences(text, "#") / counts.all, rules.maxSymbolsPerWord)) return "gopher_too_many_hashes";
  const ellipses = countOccurrences(text, "...") + countOccurrences(text, "…");
  if (exceeds(ellipses / counts.all, rules.maxSymbolsPerWord)) return "gopher_too_many_ellipsis";
  const lines = splitLines(text);
  if (exceeds(share(lines, startsWithBullet), rules.maxBulletLines)) return "gopher_too_many_bullets";
  if (exceeds(share(lines, endsWithEllipsis), rules.maxEllipsisLines)) return "gopher_too_many_end_ellipsis";
  if (counts.alphabetic / counts.all < rules.minAlphabeticWords) return "gopher_below_alpha_threshold";
  if (counts.stopWords < rules.minStopWords) return "gopher_enough_stop_words";
  return undefined;
}

function exceeds(value: number, limit: number): boolean {
  return limit !== 0 && value > limit;
}

function share(lines: readonly string[], test: (line: string) => boolean): number {
  let count = 0;
  for (const line of lines) if (test(line)) count += 1;
  return count / lines.length;
}

function startsWithBullet(line: string): boolean {
  const first = line.charCodeAt(firstInk(line));
  return first === 0x2022 || first === 0x2d;
}

function endsWithEllipsis(line: string): boolean {
  const end = inkEnd(line);
  return line.startsWith("...", end - 3) || line.charCodeAt(end - 1) === 0x2026;
}

function countWords(words: readonly string[], stopWords: ReadonlySet<string>): WordCounts {
  const found = new Set<string>();
  let plain = 0;
  let plainLength = 0;
  let alphabetic = 0;
  for (const word of words) {
    if (isLetter(word.codePointAt(0)!)) {
      // The common case: a word that starts with a letter is both.
      alphabetic += 1;
      plain += 1;
      plainLength += countCodePoints(word);
      if (stopWords.has(word)) found.add(word);
      continue;
    }
    if (stopWords.has(word)) found.add(word);
    if (hasLetter(word)) alphabetic += 1;
    if (isPunctuation(word)) continue;
    plain += 1;
    plainLength += countCodePoints(word);
  }
  return { all: words.length, plain, plainLength, alphabetic, stopWords: found.size };
}

function isPunctuation(word: string): boolean {
  for (const character of word) if (!punctuation.has(character.codePointAt(0)!)) return false;
  return true;
}

const letter = /\p{L}/u;

function hasLetter(word: string): boolean {
  for (const character of word) if (isLetter(character.codePointAt(0)!)) return true;
  return false;
}

function isLetter(code: number): boolean {
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
  return letter.test(String.fromCodePoint(code));
}
