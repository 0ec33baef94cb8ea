// How texts become counted words: by a scanner (byte-level BPE), or by a normaliser and a pre-tokenizer as tokenizer.json
// has them (WordPiece, Unigram). The rules are plain data, so that worker threads can be told them.
import { parseNormalizer } from "./normalizers.ts";
import { cutterFor, type PatternName, patterns } from "./patterns.ts";
import { wholeText } from "./pieceCutter.ts";
import { cutBySteps, parsePreTokenizer } from "./preTokenizers.ts";
import type { WordCounter } from "./trainWords.ts";

/** How a text is cut into words, which no token crosses. */
export type WordRules =
  | { readonly pattern: PatternName }
  | { readonly normalizer: unknown; readonly preTokenizer: unknown };

/** Counts the words of a text. */
export type TextCounter = (text: string) => void;

/** @throws FormatError for a normaliser or pre-tokenizer that is malformed or not supported */
export function textCounter(rules: WordRules, words: WordCounter): TextCounter {
  if ("pattern" in rules) {
    const cutter = cutterFor(patterns[rules.pattern])!;
    return (text) => words.add(text, cutter);
  }
  const normalize = parseNormalizer(rules.normalizer);
  const steps = parsePreTokenizer(rules.preTokenizer);
  return (text) => {
    for (const piece of cutBySteps(normalize ? normalize.rewrite(text) : text, steps)) words.add(piece, wholeText);
  };
}
