// The repetition rules of Gopher (Rae et al. 2021, arXiv:2112.11446, table A1), with the decisions of datatrove.
import type { Document, Step } from "../document.ts";
import { countDuplicates } from "./duplicateCount.ts";
import { splitWords } from "./englishTokenizer.ts";
import { filterStep } from "./filterStep.ts";
import { countCodePoints, strip } from "./textScan.ts";
import { WordRuns } from "./wordRuns.ts";

/** Words per n-gram, and the largest share of the text's code points that they may hold. */
export type NGramLimit = readonly [words: number, share: number];

/** Options of `filterGopherRepetition`; 0 switches a rule off. */
export interface GopherRepetitionOptions {
  /** Largest share of lines equal to an earlier one. Default 0.3. */
  readonly maxDuplicateLines?: number;
  /** Largest share of paragraphs equal to an earlier one. Default 0.3. */
  readonly maxDuplicateParagraphs?: number;
  /** Largest share of code points in repeated lines. Default 0.2. */
  readonly maxDuplicateLineCharacters?: number;
  /** Largest share of code points in repeated paragraphs. Default 0.2. */
  readonly maxDuplicateParagraphCharacters?: number;
  /** Limits on all occurrences of the commonest n-gram. Default 2: 0.2, 3: 0.18, 4: 0.16. */
  readonly topNGrams?: readonly NGramLimit[];
  /** Limits on repeated n-grams. Default 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1. */
  readonly duplicateNGrams?: readonly NGramLimit[];
}

const defaults: Required<GopherRepetitionOptions> = {
  maxDuplicateLines: 0.3,
  maxDuplicateParagraphs: 0.3,
  maxDuplicateLineCharacters: 0.2,
  maxDuplicateParagraphCharacters: 0.2,
  topNGrams: [
    [2, 0.2],
    [3, 0.18],
    [4, 0.16],
  ],
  duplicateNGrams: [
    [5, 0.15],
    [6, 0.14],
    [7, 0.13],
    [8, 0.12],
    [9, 0.11],
    [10, 0.1],
  ],
};

/**
 * The step that drops English documents that repeat themselves, with the reasons `empty`, `dup_para_frac`,
 * `dup_para_char_frac`, `dup_line_frac`, `dup_line_char_frac`, `top_<n>_gram`, `duplicated_<n>_n_grams`; the first rule
 * that fails names it.
 */
export function filterGopherRepetition(options: GopherRepetitionOptions = {}): Step {
  const rules = { ...defaults, ...options };
  return filterStep("filterGopherRepetition", ({ text }: Document) => reasonToDrop(text, rules));
}

function reasonToDrop(text: string, rules: typeof defaults): string | undefined {
  if (text === "") return "empty";
  const length = countCodePoints(text);
  const paragraphs = strip(text).split(/\n{2,}/);
  const repeated = countDuplicates(paragraphs);
  if (exceeds(repeated.entries / paragraphs.length, rules.maxDuplicateParagraphs)) return "dup_para_frac";
  if (exceeds(repeated.length / length, rules.maxDuplicateParagraphCharacters)) return "dup_para_char_frac";
  const lines = text.split(/\n+/);
  const repeatedLines = countDuplicates(lines);
  if (exceeds(repeatedLines.entries / lines.length, rules.maxDuplicateLines)) return "dup_line_frac";
  if (exceeds(repeatedLines.length / length, rules.maxDuplicateLineCharacters)) return "dup_line_char_frac";
  return nGramReason(splitWords(text), length, rules);
}

function nGramReason(words: readonly string[], length: number, rules: typeof defaults): string | undefined {
  const spaced = new WordRuns(words, " ");
  for (const [n, limit] of rules.topNGrams) {
    if (spaced.topLength(n) / length > limit) return `top_${n}_gram`;
  }
  // Without spaces, as datatrove compares them: "to day" repeats "today".
  const joined = new WordRuns(words, "");
  for (const [n, limit] of rules.duplicateNGrams) {
    if (joined.repeatedLength(n) / length > limit) return `duplicated_${n}_n_grams`;
  }
  return undefined;
}

function exceeds(value: number, limit: number): boolean {
  return limit !== 0 && value > limit;
}
