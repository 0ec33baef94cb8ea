// The quality rules that FineWeb adds (Penedo et al. 2024, arXiv:2406.17557, section 3.6), with the decisions of datatrove.
import type { Document, Step } from "../document.ts";
import { countDuplicates } from "./duplicateCount.ts";
import { splitWords } from "./englishTokenizer.ts";
import { filterStep } from "./filterStep.ts";
import { terminalPunctuation } from "./punctuationMarks.ts";
import { countCodePoints, countOccurrences, firstInk } from "./textScan.ts";

/** Options of `filterFineWebQuality`. */
export interface FineWebQualityOptions {
  /** Smallest share of lines that end with a mark that ends a sentence. Default 0.12. */
  readonly minPunctuatedLines?: number;
  /** Keeps documents in which no line does. Default false. */
  readonly allowNoPunctuation?: boolean;
  /** The marks that end a sentence, one character each. Default: those of all scripts. */
  readonly stopCharacters?: Iterable<string>;
  /** Largest share of short lines. Default 0.67. */
  readonly maxShortLines?: number;
  /** Most code points of a short line. Default 30. */
  readonly shortLineLength?: number;
  /** Largest share of code points in lines equal to an earlier one. Default 0.01. */
  readonly maxDuplicateCharacters?: number;
  /** Most line feeds per word. Default 0.3. */
  readonly maxLineFeedsPerWord?: number;
}

const defaults = {
  minPunctuatedLines: 0.12,
  allowNoPunctuation: false,
  maxShortLines: 0.67,
  shortLineLength: 30,
  maxDuplicateCharacters: 0.01,
  maxLineFeedsPerWord: 0.3,
};

/**
 * The step that drops English documents by FineWeb's rules, with the reasons `empty`, `line_punct_ratio`,
 * `short_line_ratio`, `char_dup_ratio`, `list_ratio`; the first rule that fails names it.
 */
export function filterFineWebQuality(options: FineWebQualityOptions = {}): Step {
  const { stopCharacters, ...others } = options;
  const rules = { ...defaults, ...others };
  const stops = stopCharacters === undefined ? terminalPunctuation : new Set(stopCharacters);
  return filterStep("filterFineWebQuality", ({ text }: Document) => reasonToDrop(text, rules, stops));
}

function reasonToDrop(text: string, rules: typeof defaults, stops: ReadonlySet<string>): string | undefined {
  const lines = text.split("\n").filter((line) => firstInk(line) < line.length);
  if (lines.length === 0) return "empty";
  let punctuated = 0;
  let short = 0;
  for (const line of lines) {
    if (stops.has(lastCharacter(line))) punctuated += 1;
    if (countCodePoints(line) <= rules.shortLineLength) short += 1;
  }
  const punctuatedShare = punctuated / lines.length;
  if (punctuatedShare < rules.minPunctuatedLines && !(punctuated === 0 && rules.allowNoPunctuation)) {
    return "line_punct_ratio";
  }
  if (short / lines.length > rules.maxShortLines) return "short_line_ratio";
  const lineFeeds = countOccurrences(text, "\n");
  const duplicated = countDuplicates(lines).length / (countCodePoints(text) - lineFeeds);
  if (duplicated > rules.maxDuplicateCharacters) return "char_dup_ratio";
  if (lineFeeds / splitWords(text).length > rules.maxLineFeedsPerWord) return "list_ratio";
  return undefined;
}

function lastCharacter(line: string): string {
  const code = line.charCodeAt(line.length - 1);
  const isSecondHalf = (code & 0xfc00) === 0xdc00 && line.length > 1;
  return line.slice(isSecondHalf ? -2 : -1);
}
