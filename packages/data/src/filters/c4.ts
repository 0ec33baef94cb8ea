// The heuristics of C4 (Raffel et al. 2020, JMLR 21:140, section 2.2) and the paragraph rule of mC4, with the decisions and the
// resulting texts of datatrove.
import type { Document, Step } from "../document.ts";
import { DataError } from "../errors.ts";
import { countSentences } from "./englishTokenizer.ts";
import { filterStep } from "./filterStep.ts";
import { countCodePoints, splitAtWhiteSpace, splitLines, strip } from "./textScan.ts";

/** Options of `filterC4`. */
export interface C4Options {
  /** Removes `[1]`, `[edit]` and `[citation needed]`. Default true. */
  readonly removeCitations?: boolean;
  /** Removes lines that do not end with `.`, `?`, `!` or a quotation mark, or end with `...`. Default true. */
  readonly requireTerminalPunctuation?: boolean;
  /** Drops documents with fewer sentences in the lines kept. 0 keeps all. Default 5. */
  readonly minSentences?: number;
  /** Removes lines with fewer words. Default 3. */
  readonly minWordsPerLine?: number;
  /** Removes lines with a word of more code points. Default 1000. */
  readonly maxWordLength?: number;
  /** Drops documents with "lorem ipsum". Default true. */
  readonly dropLoremIpsum?: boolean;
  /** Removes lines that speak of JavaScript. Default true. */
  readonly removeJavascript?: boolean;
  /** Drops documents with `{`. Default true. */
  readonly dropCurlyBracket?: boolean;
  /** Removes lines about cookies, terms of use and privacy policies. Default true. */
  readonly removePolicy?: boolean;
}

/** Options of `filterC4Paragraphs`. */
export interface C4ParagraphOptions {
  /** Fewest long lines. Default 3. */
  readonly minParagraphs?: number;
  /** Fewest code points of a long line. Default 200. */
  readonly minParagraphLength?: number;
}

/** Options of `filterBadWords`. */
export interface BadWordsOptions {
  /**
   * The words and phrases, such as the lines of a file of the "List of Dirty, Naughty, Obscene, and Otherwise Bad Words"
   * that C4 uses; compared in lower case.
   */
  readonly words: Iterable<string>;
  /** Finds them inside longer words as well, as C4 does for Chinese, Japanese and Thai. Default false. */
  readonly insideWords?: boolean;
}

const defaults: Required<C4Options> = {
  removeCitations: true,
  requireTerminalPunctuation: true,
  minSentences: 5,
  minWordsPerLine: 3,
  maxWordLength: 1000,
  dropLoremIpsum: true,
  removeJavascript: true,
  dropCurlyBracket: true,
  removePolicy: true,
};

const citation = /\[\p{Nd}*\]|\[edit\]|\[citation needed\]/gu;
const lineEnds = new Set(".?!\"'");
const policyPhrases = [
  "terms of use",
  "privacy policy",
  "cookie policy",
  "uses cookies",
  "use of cookies",
  "use cookies",
];

/**
 * The step that keeps the lines of an English document that look like sentences and drops documents with too few of them or
 * with signs of code or filler: reasons `lorem_ipsum`, `curly_bracket`, `too_few_sentences`. Lines that are kept are
 * stripped and joined by line feeds.
 */
export function filterC4(options: C4Options = {}): Step {
  const rules = { ...defaults, ...options };
  return {
    name: "filterC4",
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      for await (const document of documents) {
        const result = cleanLines(document.text, rules);
        if ("reason" in result) await drop(document, result.reason);
        else yield result.text === document.text ? document : { ...document, text: result.text };
      }
    },
  };
}

/** The step that keeps documents with at least three lines of at least 200 code points (reason `< 3 paragraphs`). */
export function filterC4Paragraphs(options: C4ParagraphOptions = {}): Step {
  const { minParagraphs = 3, minParagraphLength = 200 } = options;
  return filterStep("filterC4Paragraphs", ({ text }) => {
    const long = text.split("\n").filter((line) => countCodePoints(line) >= minParagraphLength);
    return long.length < minParagraphs ? `< ${minParagraphs} paragraphs` : undefined;
  });
}

/**
 * The step that drops documents with a word or phrase of a list (reason `document_removed_with_badwords`).
 *
 * @throws DataError for an empty list
 */
export function filterBadWords(options: BadWordsOptions): Step {
  const words = Array.from(options.words, (word) => strip(word)).filter((word) => word !== "");
  if (words.length === 0) throw new DataError("filterBadWords: expected at least one word, got an empty list");
  const anyWord = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|");
  const pattern = new RegExp(
    options.insideWords ? anyWord : `(?<![\\p{L}\\p{N}_])(?:${anyWord})(?![\\p{L}\\p{N}_])`,
    "u",
  );
  return filterStep("filterBadWords", ({ text }) =>
    pattern.test(text.toLowerCase()) ? "document_removed_with_badwords" : undefined,
  );
}

function cleanLines(text: string, rules: typeof defaults): { text: string } | { reason: string } {
  const kept: string[] = [];
  let sentences = 0;
  for (const rawLine of splitLines(text)) {
    const stripped = strip(rawLine);
    const words = splitAtWhiteSpace(stripped);
    if (words.some((word) => word.length > rules.maxWordLength && countCodePoints(word) > rules.maxWordLength))
      continue;
    const line = rules.removeCitations && stripped.includes("[") ? stripped.replace(citation, "") : stripped;
    if (rules.requireTerminalPunctuation && !endsSentence(line)) continue;
    if (words.length < rules.minWordsPerLine) continue;
    const lower = line.toLowerCase();
    if (rules.dropLoremIpsum && lower.includes("lorem ipsum")) return { reason: "lorem_ipsum" };
    if (rules.removeJavascript && lower.includes("javascript")) continue;
    if (rules.dropCurlyBracket && line.includes("{")) return { reason: "curly_bracket" };
    if (rules.removePolicy && policyPhrases.some((phrase) => lower.includes(phrase))) continue;
    if (rules.minSentences > 0) sentences += countSentences(line);
    kept.push(line);
  }
  if (sentences < rules.minSentences) return { reason: "too_few_sentences" };
  return { text: strip(kept.join("\n")) };
}

function endsSentence(line: string): boolean {
  return lineEnds.has(line.slice(-1)) && !line.endsWith("...");
}
