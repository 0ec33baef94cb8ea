// Finds words and phrases of a list in a text, the longest at each place.
import type { Span } from "../textSpans.ts";
import { isSpaced, wordSpans } from "./textWords.ts";

/** A term found, from its first to after its last word (character, where the language has no spaces). */
export interface TermMatch<T> {
  /** Numbers of the words in the text. */
  readonly firstWord: number;
  readonly endWord: number;
  /** What the term stands for; several, where it is in several lists. */
  readonly values: readonly T[];
}

interface Entry<T> {
  readonly term: string;
  readonly value: T;
}

// What may stand between the words of a phrase.
const joint = /^[-‐‑'’\s]{0,2}$/u;
const segmenter = new Intl.Segmenter("und", { granularity: "word" });
// Words that a segmenter puts together with a pronoun before them, as in 她是 (she is).
const afterPronouns = /^[是的在有会要说和就也都不被把对]/u;

/** A list of terms with what each stands for. */
export class TermMatcher<T> {
  readonly #language: string;
  /** By the term's words in lower case, with one space between them where the language has spaces. */
  readonly #entries = new Map<string, Entry<T>[]>();
  /** How a term can begin, for a quick no: a word, or a character where the language has no spaces. */
  readonly #beginnings = new Set<string>();
  readonly #separator: string;
  #longest = 0;

  constructor(terms: Iterable<readonly [term: string, value: T]>, language: string) {
    this.#language = language;
    this.#separator = isSpaced(language) ? " " : "";
    for (const [term, value] of terms) {
      const written = wordSpans(term, language)
        .map(({ start, end }) => term.slice(start, end))
        .join(this.#separator);
      if (written === "") continue;
      const key = written.toLowerCase();
      const known = this.#entries.get(key);
      if (known) known.push({ term: written, value });
      else this.#entries.set(key, [{ term: written, value }]);
      this.#beginnings.add(this.#beginningOf(key));
      this.#longest = Math.max(this.#longest, key.length);
    }
  }

  /** The terms in `text`, whose words are `spans` (`wordSpans` of it); none overlaps another. */
  find(text: string, spans: readonly Span[] = wordSpans(text, this.#language)): TermMatch<T>[] {
    const found: TermMatch<T>[] = [];
    for (let first = 0; first < spans.length; ) {
      const match = this.#longestAt(text, spans, first);
      if (match) found.push(match);
      first = match?.endWord ?? first + 1;
    }
    return found;
  }

  #longestAt(text: string, spans: readonly Span[], first: number): TermMatch<T> | undefined {
    let written = text.slice(spans[first]!.start, spans[first]!.end);
    if (!this.#beginnings.has(this.#beginningOf(written.toLowerCase()))) return undefined;
    let match: TermMatch<T> | undefined;
    for (let next = first + 1; ; next++) {
      const entries = this.#entries.get(written.toLowerCase())?.filter(({ term }) => isWritten(term, written));
      if (entries?.length && this.#isWhole(text, spans[first]!, written))
        match = { firstWord: first, endWord: next, values: entries.map(({ value }) => value) };
      if (next === spans.length || written.length >= this.#longest) return match;
      if (!joint.test(text.slice(spans[next - 1]!.end, spans[next]!.start))) return match;
      written += this.#separator + text.slice(spans[next]!.start, spans[next]!.end);
    }
  }

  /** False for a single character inside of a longer word, where the language has no spaces: 他 (he) in 其他 (other). */
  #isWhole(text: string, { start }: Span, written: string): boolean {
    if (this.#separator !== "" || written.length > 1) return true;
    const from = Math.max(0, start - 8);
    const segment = segmenter.segment(text.slice(from, start + 8)).containing(start - from)!;
    const rest = segment.segment.slice(written.length);
    return from + segment.index === start && (rest === "" || afterPronouns.test(rest));
  }

  #beginningOf(key: string): string {
    if (this.#separator === "") return String.fromCodePoint(key.codePointAt(0)!);
    const space = key.indexOf(" ");
    return space < 0 ? key : key.slice(0, space);
  }
}

/** Terms with capitals are only found as they are written, or all in capitals. */
function isWritten(term: string, written: string): boolean {
  return term === term.toLowerCase() || term === written || term.toUpperCase() === written;
}
