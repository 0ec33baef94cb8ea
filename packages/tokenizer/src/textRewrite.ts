// A rewriting of texts, defined once and applied either to a plain string (fast) or to one that keeps track of its origin.
import type { AlignedText, Replacement, UnicodeForm } from "./alignedText.ts";
import { spellBytes } from "./byteAlphabet.ts";
import { findMatches, replacePattern } from "./oniguruma.ts";

export interface TextRewrite {
  rewrite(text: string): string;
  rewriteAligned(text: AlignedText): AlignedText;
}

/** Replaces each match of `expression` (flag `g`). What is put in stands for the last character of the match. */
export function replaceMatches(expression: RegExp, replacement: (match: string) => string): TextRewrite {
  function* replacements(text: string): Generator<Replacement> {
    for (const { start, end } of findMatches(text, expression)) {
      yield { start, end, content: replacement(text.slice(start, end)) };
    }
  }
  return {
    rewrite: (text) => replacePattern(text, expression, replacement),
    rewriteAligned: (text) => text.replace(replacements(text.text)),
  };
}

/** Each character as its bytes in the byte alphabet. */
export const spellInBytes = replaceMatches(/./gsu, (character) => spellBytes(Buffer.from(character)));

/** A Unicode normalisation form. */
export function unicodeForm(form: UnicodeForm): TextRewrite {
  return { rewrite: (text) => text.normalize(form), rewriteAligned: (text) => text.normalize(form) };
}

/** One rewriting after the other. */
export function rewriteInTurn(steps: readonly TextRewrite[]): TextRewrite {
  return {
    rewrite: (text) => steps.reduce((result, step) => step.rewrite(result), text),
    rewriteAligned: (text) => steps.reduce((result, step) => step.rewriteAligned(result), text),
  };
}
