// Words and sentences of English text exactly as spaCy's blank English pipeline with its sentencizer gives them, which is what
// datatrove's filters count. Each distinct run of characters is divided once and remembered.
import {
  characterClasses,
  infixPatterns,
  prefixPatterns,
  sentenceEnds,
  specialCases,
  suffixPatterns,
  urlPattern,
} from "./englishTokenRules.ts";
import { isWhiteSpace } from "./textScan.ts";

/** A run of characters without white space, divided. */
interface Division {
  readonly parts: readonly string[];
  /** Whether some part begins a phrase, so that the neighbours must be looked at. */
  readonly beginsPhrase: boolean;
}

/** Special cases whose parts may come about in other ways, by their parts before the special case is applied. */
interface PhraseNode {
  readonly next: Map<string, PhraseNode>;
  /** Present where a phrase ends. */
  parts?: readonly string[];
}

/** A phrase found at tokens `start` to `end` (exclusive), and the parts that replace them, if any do. */
interface PhraseMatch {
  readonly start: number;
  readonly end: number;
  readonly parts: readonly string[] | undefined;
}

const maxCachedLength = 64;
const maxCacheSize = 100_000;
// Longer than any suffix other than a run of dots, with the characters that its conditions look back at.
const suffixWindow = 32;
/** Stands for white space among the tokens. */
const whiteSpaceToken = "";

const prefix = compile(prefixPatterns, "uy");
const suffix = compile(
  suffixPatterns.map((pattern) => `${pattern}$`),
  "u",
);
const infix = compile(infixPatterns, "gu");
// A user's name and password, "one or more, then perhaps a colon and any, then @", is "one or more, then @" without trying each colon
// against all that follows.
const url = compile([urlPattern.replace("(?::[\\s\\S]*)?@", "@")], "u");
const punctuation = /^\p{P}+$/u;
const endsSentence = new Set(sentenceEnds);

const special = new Map(specialCases.map((lines) => [lines.replaceAll("\n", ""), lines.split("\n")] as const));
// A longer text is not looked up: to look it up it would be read as a whole, at each mark that comes off it.
const longestCase = Math.max(...Array.from(special.keys(), ({ length }) => length));
const none: ReadonlyMap<string, readonly string[]> = new Map();
const phrases = buildPhrases();
const divisions = new Map<string, Division>();
let latest = { text: "", words: [] as readonly string[] };

/**
 * The words of an English text, punctuation marks among them, as datatrove's `split_into_words`. The words of the latest
 * text are remembered, so that filters in a row divide it once.
 */
export function splitWords(text: string): readonly string[] {
  if (text === latest.text) return latest.words;
  const tokens = tokenize(text);
  const words = tokens.filter((token) => token !== whiteSpaceToken);
  latest = { text, words };
  return words;
}

/** How many sentences an English text has, at least 1: one ends with `.`, `!`, `?` and their like in other scripts. */
export function countSentences(text: string): number {
  let count = 1;
  let ended = false;
  for (const token of tokenize(text)) {
    if (endsSentence.has(token)) ended = true;
    else if (ended && !punctuation.test(token)) {
      count += 1;
      ended = false;
    }
  }
  return count;
}

function compile(patterns: readonly string[], flags: string): RegExp {
  const source = patterns
    .join("|")
    .replace(/<(ALPHA|LOWER|UPPER|ICONS)>/g, (_, name: keyof typeof characterClasses) => {
      return characterClasses[name];
    });
  return new RegExp(source, flags);
}

// A single space after a word belongs to it; other white space is a token, which keeps phrases apart.
function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const candidates: number[] = [];
  const { length } = text;
  let start = 0;
  for (let i = 0; i < length; ) {
    start = i;
    while (i < length && !isWhiteSpace(text.charCodeAt(i))) i += 1;
    if (i > start) {
      const { parts, beginsPhrase } = divide(text.slice(start, i));
      if (beginsPhrase) candidates.push(tokens.length, tokens.length + parts.length);
      for (const part of parts) tokens.push(part);
    }
    const blank = i;
    while (i < length && isWhiteSpace(text.charCodeAt(i))) i += 1;
    const isSingleSpace = i === blank + 1 && text.charCodeAt(blank) === 0x20 && blank > 0;
    if (i > blank && !isSingleSpace) tokens.push(whiteSpaceToken);
  }
  return candidates.length === 0 ? tokens : applyPhrases(tokens, candidates);
}

function divide(run: string): Division {
  const known = divisions.get(run);
  if (known) return known;
  // A slice would keep the whole document it comes from in memory.
  const isShort = run.length <= maxCachedLength;
  const own = isShort ? copyOf(run) : run;
  const parts = special.get(own) ?? divideAffixes(own, special);
  const division = { parts, beginsPhrase: parts.some((part) => phrases.next.has(part)) };
  if (isShort) {
    if (divisions.size >= maxCacheSize) divisions.clear();
    divisions.set(own, division);
  }
  return division;
}

function copyOf(text: string): string {
  const codes: number[] = [];
  for (let i = 0; i < text.length; i++) codes.push(text.charCodeAt(i));
  return String.fromCharCode(...codes);
}

/** Takes marks off both ends until nothing comes off or a special case is left, then cuts what is left. */
function divideAffixes(run: string, cases: ReadonlyMap<string, readonly string[]>): string[] {
  const before: string[] = [];
  const after: string[] = [];
  let rest = run;
  const isCase = (part: string): boolean => part.length <= longestCase && cases.has(part);
  while (rest !== "" && !isCase(rest)) {
    const prefixLength = findPrefix(rest);
    if (prefixLength > 0 && isCase(rest.slice(prefixLength))) {
      before.push(rest.slice(0, prefixLength));
      rest = rest.slice(prefixLength);
      break;
    }
    const suffixLength = findSuffix(rest.slice(prefixLength));
    const end = rest.length - suffixLength;
    if (suffixLength > 0 && isCase(rest.slice(0, end))) {
      after.push(rest.slice(end));
      rest = rest.slice(0, end);
      break;
    }
    if (prefixLength === 0 && suffixLength === 0) break;
    if (prefixLength > 0) before.push(rest.slice(0, prefixLength));
    if (suffixLength > 0) after.push(rest.slice(end));
    rest = rest.slice(prefixLength, end);
  }
  const middle = rest === "" ? [] : (cases.get(rest) ?? divideInfixes(rest));
  return [...before, ...middle, ...after.reverse()];
}

function findPrefix(text: string): number {
  prefix.lastIndex = 0;
  return prefix.test(text) ? prefix.lastIndex : 0;
}

function findSuffix(text: string): number {
  let dots = text.length;
  while (dots > 0 && text.charCodeAt(dots - 1) === 0x2e) dots -= 1;
  const match = suffix.exec(text.slice(Math.max(0, dots - suffixWindow)));
  return match ? match[0].length : 0;
}

function divideInfixes(text: string): string[] {
  if (text.includes(".") && url.test(text)) return [text];
  const parts: string[] = [];
  let start = 0;
  for (const { index, 0: mark } of text.matchAll(infix)) {
    if (index === 0) continue;
    if (index > start) parts.push(text.slice(start, index));
    parts.push(mark);
    start = index + mark.length;
  }
  if (start < text.length) parts.push(text.slice(start));
  return parts;
}

function buildPhrases(): PhraseNode {
  const root: PhraseNode = { next: new Map() };
  for (const [whole, parts] of special) {
    const tokens = divideAffixes(whole, none);
    // A token of its own needs no repair: the division of its run has found it.
    if (tokens.length === 1 && (parts.length === 1 || !hasMark(whole))) continue;
    let node = root;
    for (const token of tokens) {
      const next: PhraseNode = node.next.get(token) ?? { next: new Map() };
      node.next.set(token, next);
      node = next;
    }
    node.parts = parts;
  }
  return root;
}

function hasMark(text: string): boolean {
  return findPrefix(text) > 0 || findSuffix(text) > 0 || text.search(infix) >= 0;
}

/** `candidates` holds pairs: the tokens of each run in which a phrase may begin, first and one past the last. */
function applyPhrases(tokens: string[], candidates: readonly number[]): string[] {
  const matches: PhraseMatch[] = [];
  for (let c = 0; c < candidates.length; c += 2) {
    const runEnd = candidates[c + 1]!;
    for (let start = candidates[c]!; start < runEnd; start++) {
      let node = phrases.next.get(tokens[start]!);
      for (let end = start + 1; node; end++) {
        // Across a space the text is no special case, but it holds its tokens against others.
        if (node.parts) matches.push({ start, end, parts: end <= runEnd ? node.parts : undefined });
        node = end < tokens.length ? node.next.get(tokens[end]!) : undefined;
      }
    }
  }
  return matches.length === 0 ? tokens : replaceMatches(tokens, matches);
}

// The longest match wins, then the first; one that loses still holds its tokens, as in spaCy.
function replaceMatches(tokens: readonly string[], matches: PhraseMatch[]): string[] {
  matches.sort((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start);
  const held = new Set<number>();
  const chosen: PhraseMatch[] = [];
  for (const match of matches) {
    if (!held.has(match.start) && !held.has(match.end - 1)) chosen.push(match);
    for (let i = match.start; i < match.end; i++) held.add(i);
  }
  const result: string[] = [];
  let at = 0;
  for (const { start, end, parts } of chosen.sort((a, b) => a.start - b.start)) {
    while (at < start) result.push(tokens[at++]!);
    if (!parts) continue;
    for (const part of parts) result.push(part);
    at = end;
  }
  while (at < tokens.length) result.push(tokens[at++]!);
  return result;
}
