// The words of a text with their places; in languages without spaces between words, its characters.
import type { Span } from "../textSpans.ts";

const word = /[\p{L}\p{N}\p{M}]+/gu;
const character = /[\p{L}\p{N}]\p{M}*/gu;
const unspaced = new Set(["zh", "ja", "th", "lo", "km", "my"]);

/** Whether the language puts spaces between words. */
export function isSpaced(language: string): boolean {
  return !unspaced.has(language.split("-")[0]!.toLowerCase());
}

/** Spans of `wordSpans` that make up a word. */
export function spansPerWord(language: string): number {
  return isSpaced(language) ? 1 : 2;
}

/** The words, or characters, of `text`, in order. */
export function wordSpans(text: string, language: string): Span[] {
  return Array.from(text.matchAll(isSpaced(language) ? word : character), ({ 0: found, index }) => ({
    start: index,
    end: index + found.length,
  }));
}
