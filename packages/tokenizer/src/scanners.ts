// Hand-written scanners for the pre-tokenisation patterns of GPT-2, cl100k and o200k: each returns where the piece that
// starts at `start` ends. They equal the patterns in patterns.ts, against which they are tested on fuzzed Unicode. Most
// ends are found by the rules in startRules.ts; these decide about what is left.
import {
  characterClasses,
  classAt,
  LETTER,
  LOWER,
  NEWLINE,
  NUMBER,
  OTHER,
  runEnd,
  SPACE,
  UPPER,
  unitsAt,
} from "./characterClasses.ts";

/** Where the piece that starts at `start` ends, in code units; `start` < result <= `end`. */
export type Scanner = (units: Uint16Array, start: number, end: number) => number;

const APOSTROPHE = 0x27;
const BLANK = 0x20;
const SLASH = 0x2f;
const LONG_S = 0x17f;

/** `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` */
export function gpt2Scanner(): Scanner {
  const table = characterClasses();
  return (units, start, end) => {
    const first = units[start]!;
    if (first === APOSTROPHE) {
      const suffix = contractionEnd(units, start, end, false);
      if (suffix > start) return suffix;
    }
    const body = first === BLANK && start + 1 < end ? start + 1 : start;
    const bodyClass = classAt(table, units, body, end);
    if (bodyClass & LETTER) return runEnd(table, units, body, end, LETTER);
    if (bodyClass & NUMBER) return runEnd(table, units, body, end, NUMBER);
    if (bodyClass & OTHER) return runEnd(table, units, body, end, OTHER);
    return blankEnd(start, runEnd(table, units, start, end, SPACE), end);
  };
}

/**
 * `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
 * with at most `maxDigits` numbers in a piece (cl100k and Llama 3: 3, Qwen 2: 1).
 */
export function cl100kScanner(maxDigits: number): Scanner {
  const table = characterClasses();
  return (units, start, end) => {
    const first = units[start]!;
    if (first === APOSTROPHE) {
      const suffix = contractionEnd(units, start, end, true);
      if (suffix > start) return suffix;
    }
    const firstClass = classAt(table, units, start, end);
    if (firstClass & LETTER) return runEnd(table, units, start, end, LETTER);
    if (firstClass & NUMBER) return numberEnd(table, units, start, end, maxDigits);
    if ((firstClass & NEWLINE) === 0) {
      const body = start + unitsAt(units, start, end);
      const word = runEnd(table, units, body, end, LETTER);
      if (word > body) return word;
    }
    const symbols = symbolEnd(table, units, start, end);
    if (symbols > start) return runEnd(table, units, symbols, end, NEWLINE);
    return spaceEnd(table, units, start, end);
  };
}

/**
 * `P?U*L+C?|P?U+L*C?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+` with P = `[^\r\n\p{L}\p{N}]`,
 * U = UPPER, L = LOWER and C = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`.
 */
export function o200kScanner(): Scanner {
  const table = characterClasses();
  return (units, start, end) => {
    const firstClass = classAt(table, units, start, end);
    if (firstClass & NUMBER) return numberEnd(table, units, start, end, 3);
    const word = casedWordEnd(table, units, start, end, firstClass);
    if (word > start) {
      return units[word] === APOSTROPHE && word < end ? contractionEnd(units, word, end, true) : word;
    }
    const symbols = symbolEnd(table, units, start, end);
    return symbols > start ? lineEnd(table, units, symbols, end) : spaceEnd(table, units, start, end);
  };
}

/** `[\r\n/]*` */
function lineEnd(table: Uint8Array, units: Uint16Array, at: number, end: number): number {
  while (at < end && (units[at] === SLASH || table[units[at]!]! & NEWLINE)) at++;
  return at;
}

/** The first two alternatives of o200k without the contraction; `start` if neither matches. */
function casedWordEnd(table: Uint8Array, units: Uint16Array, start: number, end: number, firstClass: number): number {
  const mayBePrefix = (firstClass & (LETTER | NUMBER | NEWLINE)) === 0;
  const body = mayBePrefix ? start + unitsAt(units, start, end) : start;
  const bodyClass = mayBePrefix ? (body < end ? classAt(table, units, body, end) : 0) : firstClass;
  // Most words are in lower case and need no backtracking.
  if ((bodyClass & (UPPER | LOWER)) === LOWER) return runEnd(table, units, body, end, LOWER);
  if (((firstClass | bodyClass) & (UPPER | LOWER)) === 0) return start;
  return backtrackedWordEnd(table, units, start, end, body);
}

/** Tries each alternative with the prefix character before `body` first, then without; a mark can be prefix and word. */
function backtrackedWordEnd(table: Uint8Array, units: Uint16Array, start: number, end: number, body: number): number {
  const withPrefix = lowerEndingWord(table, units, body, end);
  if (withPrefix > body) return withPrefix;
  const bare = body > start ? lowerEndingWord(table, units, start, end) : start;
  if (bare > start) return bare;
  // Neither has a LOWER character: the second alternative takes the whole run of UPPER.
  const upperWithPrefix = runEnd(table, units, body, end, UPPER);
  return upperWithPrefix > body ? upperWithPrefix : runEnd(table, units, start, end, UPPER);
}

/** Where `U*L+` ends, as a backtracking matcher finds it; `at` if it does not match. */
function lowerEndingWord(table: Uint8Array, units: Uint16Array, at: number, end: number): number {
  const upperEnd = runEnd(table, units, at, end, UPPER);
  const lowerEnd = runEnd(table, units, upperEnd, end, LOWER);
  if (lowerEnd > upperEnd) return lowerEnd;
  // U* gives characters back until the last one that is LOWER too (a modifier or other letter, or a mark).
  let last = upperEnd;
  while (last > at) {
    const previous = last - (isLowSurrogate(units[last - 1]!) ? 2 : 1);
    if (classAt(table, units, previous, end) & LOWER) return last;
    last = previous;
  }
  return at;
}

function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}

/** `'s`, `'t`, `'m`, `'d`, `'re`, `'ve`, `'ll`; `start` (at the apostrophe) if none follows. */
function contractionEnd(units: Uint16Array, start: number, end: number, ignoreCase: boolean): number {
  if (start + 1 >= end) return start;
  const caseBit = ignoreCase ? 0x20 : 0;
  const first = units[start + 1]! | caseBit;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return start + 2;
  // The long s folds to s; setting the case bit maps it to itself (0x17f has it).
  if (ignoreCase && units[start + 1] === LONG_S) return start + 2;
  if (start + 2 >= end) return start;
  const second = units[start + 2]! | caseBit;
  if ((first === 0x72 || first === 0x76) && second === 0x65) return start + 3;
  return first === 0x6c && second === 0x6c ? start + 3 : start;
}

function numberEnd(table: Uint8Array, units: Uint16Array, start: number, end: number, maxDigits: number): number {
  let at = start;
  for (let count = 0; count < maxDigits && at < end; count++) {
    if ((classAt(table, units, at, end) & NUMBER) === 0) break;
    at += unitsAt(units, at, end);
  }
  return at;
}

/** ` ?[^\s\p{L}\p{N}]+`; `start` if it does not match. */
function symbolEnd(table: Uint8Array, units: Uint16Array, start: number, end: number): number {
  const body = units[start] === BLANK ? start + 1 : start;
  const symbols = runEnd(table, units, body, end, OTHER);
  return symbols > body ? symbols : start;
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+` */
function spaceEnd(table: Uint8Array, units: Uint16Array, start: number, end: number): number {
  const run = runEnd(table, units, start, end, SPACE);
  for (let at = run; at > start; at--) if (table[units[at - 1]!]! & NEWLINE) return at;
  return blankEnd(start, run, end);
}

/** `\s+(?!\S)|\s+` for a run of white space that ends at `run`: the last character is left to the word that follows. */
function blankEnd(start: number, run: number, end: number): number {
  return run < end && run - start > 1 ? run - 1 : run;
}
