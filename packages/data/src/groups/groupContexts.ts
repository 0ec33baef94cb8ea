// Counts the contexts of mentions of groups: which words of lists are in them, and the valence of their words.
import type { Document } from "../document.ts";
import type { Group } from "./groupLexicon.ts";
import type { GroupFinder } from "./groupMentions.ts";
import { sentimentMatcher, sentimentWords } from "./sentiment.ts";
import { type TermMatch, TermMatcher } from "./termMatcher.ts";
import { spansPerWord, wordSpans } from "./textWords.ts";

/** A word near a group. */
export interface WordAssociation {
  readonly word: string;
  /** Contexts of the group with the word. */
  readonly count: number;
  /** Pointwise mutual information in bits: 0 as often as by chance, 1 twice as often, -1 half as often. */
  readonly pmi: number;
}

/** What was counted of one group. */
export interface ContextCounts {
  mentions: number;
  documents: number;
  /** Sum of the mean valences of contexts. */
  sentiment: number;
  sentimentContexts: number;
  /** By list, then word (in lower case): contexts with the word. */
  readonly words: Map<string, Map<string, number>>;
}

interface ListedWord {
  readonly list: string;
  readonly word: string;
}

interface LanguageMatchers {
  readonly words: TermMatcher<ListedWord>;
  readonly sentiment: TermMatcher<number>;
}

/** What `GroupContexts` looks for. */
export interface ContextOptions {
  readonly windowWords: number;
  readonly wordLists: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly sentiment: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Counts per attribute and group. */
export class GroupContexts {
  readonly counts = new Map<string, Map<string, ContextCounts>>();
  readonly #finder: GroupFinder;
  readonly #options: ContextOptions;
  readonly #matchers = new Map<string, LanguageMatchers>();

  constructor(finder: GroupFinder, options: ContextOptions) {
    this.#finder = finder;
    this.#options = options;
  }

  /** Counts a document's mentions; false where its language has no lexicon. */
  add(document: Document): boolean {
    const { text } = document;
    const language = this.#finder.languageOf(document);
    const groups = this.#finder.matcher(language);
    if (!groups) return false;
    const spans = wordSpans(text, language);
    const mentions = groups.find(text, spans);
    if (mentions.length === 0) return true;
    const { words, sentiment } = this.#matchersOf(language);
    const listed = new Neighbours(words.find(text, spans));
    const valued = new Neighbours(sentiment.find(text, spans));
    const window = this.#options.windowWords * spansPerWord(language);
    const inDocument = new Set<ContextCounts>();
    for (const mention of mentions) {
      const near = { from: mention.firstWord - window, to: mention.endWord + window };
      const outside = <T>(match: TermMatch<T>): boolean =>
        match.endWord <= mention.firstWord || match.firstWord >= mention.endWord;
      const contextWords = listed.within(near).filter(outside);
      const valences = valued
        .within(near)
        .filter(outside)
        .map(({ values }) => values[0]!);
      for (const group of mention.values) {
        const counts = this.#countsOf(group);
        counts.mentions += 1;
        inDocument.add(counts);
        addWords(counts, contextWords);
        addValences(counts, valences);
      }
    }
    for (const counts of inDocument) counts.documents += 1;
    return true;
  }

  #countsOf({ attribute, group }: Group): ContextCounts {
    const groups = this.counts.get(attribute) ?? new Map<string, ContextCounts>();
    this.counts.set(attribute, groups);
    const known = groups.get(group);
    if (known) return known;
    const words = new Map(Object.keys(this.#options.wordLists).map((list) => [list, new Map<string, number>()]));
    const counts = { mentions: 0, documents: 0, sentiment: 0, sentimentContexts: 0, words };
    groups.set(group, counts);
    return counts;
  }

  #matchersOf(language: string): LanguageMatchers {
    const known = this.#matchers.get(language);
    if (known) return known;
    const { wordLists, sentiment } = this.#options;
    const listed = Object.entries(wordLists).flatMap(([list, languages]) =>
      (languages[language] ?? []).map((word) => [word, { list, word: word.toLowerCase() }] as const),
    );
    const valences = sentiment[language] ?? sentimentWords(language) ?? {};
    const matchers = { words: new TermMatcher(listed, language), sentiment: sentimentMatcher(valences, language) };
    this.#matchers.set(language, matchers);
    return matchers;
  }
}

/** Each word of a list once per context. */
function addWords(counts: ContextCounts, matches: readonly TermMatch<ListedWord>[]): void {
  const met = new Set<string>();
  for (const { list, word } of matches.flatMap(({ values }) => values)) {
    const key = `${list}\n${word}`;
    if (met.has(key)) continue;
    met.add(key);
    const words = counts.words.get(list)!;
    words.set(word, (words.get(word) ?? 0) + 1);
  }
}

function addValences(counts: ContextCounts, valences: readonly number[]): void {
  if (valences.length === 0) return;
  counts.sentiment += valences.reduce((sum, valence) => sum + valence, 0) / valences.length;
  counts.sentimentContexts += 1;
}

/** Matches of one text, asked for stretches that come in order. */
class Neighbours<T> {
  readonly #matches: readonly TermMatch<T>[];
  #first = 0;

  constructor(matches: readonly TermMatch<T>[]) {
    this.#matches = matches;
  }

  /** The matches that lie within the words `from` to before `to`; `from` never goes back. */
  within({ from, to }: { readonly from: number; readonly to: number }): TermMatch<T>[] {
    while (this.#first < this.#matches.length && this.#matches[this.#first]!.firstWord < from) this.#first += 1;
    const found: TermMatch<T>[] = [];
    for (let i = this.#first; i < this.#matches.length && this.#matches[i]!.endWord <= to; i++) {
      found.push(this.#matches[i]!);
    }
    return found;
  }
}
