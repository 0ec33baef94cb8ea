// The features that fastText sees in a text: words, runs of characters inside words, runs of words, each a row of its matrix.
import { add, multiply, type Uint64 } from "../filters/uint64.ts";
import type { FastTextModel } from "./fastTextFile.ts";

/** The word that fastText puts at the end of each text. */
export const endOfText = "</s>";
/** What begins a label in fastText's files. */
export const labelPrefix = "__label__";

const underscore = 0x5f;
/** A key that hardly any word has. */
const endOfTextKey = 0x3c2f733e;
const nGramFactor = 116049371;

/** A word where it stands, with a hash of its code units. */
export interface PlacedWord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly key: number;
}

/**
 * Calls `visit` for each word of a text, and at last for the mark of its end. Words that look like labels are passed over, and a
 * mark of the end inside ends the text, as in fastText.
 */
export function visitWords(text: string, visit: (word: PlacedWord) => void): void {
  let start = 0;
  let key = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? 0 : text.charCodeAt(i);
    if (code > 0x20 || !isSeparator(code)) {
      key = Math.imul(key ^ code, 0x01000193);
      continue;
    }
    if (i > start) {
      if (i - start === endOfText.length && text.startsWith(endOfText, start)) break;
      if (text.charCodeAt(start) !== underscore || !text.startsWith(labelPrefix, start))
        visit({ text, start, end: i, key });
    }
    start = i + 1;
    key = 0;
  }
  visit({ text: endOfText, start: 0, end: endOfText.length, key: endOfTextKey });
}

/** The words that `visitWords` visits. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  visitWords(text, (word) => words.push(word.text.slice(word.start, word.end)));
  return words;
}

function isSeparator(code: number): boolean {
  return code === 0x20 || code === 0 || (code >= 9 && code <= 13);
}

/** FNV-1a over the UTF-8 bytes, each taken as signed: the 32-bit number by which fastText names a word. */
export function hashWord(word: string): number {
  const bytes = Buffer.from(word);
  return hashBytes(bytes, 0, bytes.length);
}

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ ((bytes[i]! << 24) >> 24), 0x01000193);
  return hash;
}

/** The buckets of the runs of `shortest` to `longest` characters in `<word>`. */
export function subwordBuckets(
  word: string,
  { minSubword, maxSubword, buckets }: Pick<FastTextModel, "minSubword" | "maxSubword" | "buckets">,
): number[] {
  const bytes = Buffer.from(`<${word}>`);
  const found: number[] = [];
  for (let start = 0; start < bytes.length; start++) {
    if (isContinuation(bytes[start]!)) continue;
    let end = start;
    for (let length = 1; end < bytes.length && length <= maxSubword; length++) {
      end += 1;
      while (end < bytes.length && isContinuation(bytes[end]!)) end += 1;
      const isBracket = length === 1 && (start === 0 || end === bytes.length);
      if (length >= minSubword && !isBracket) found.push((hashBytes(bytes, start, end) >>> 0) % buckets);
    }
  }
  return found;
}

/** Calls `visit` with the bucket of each run of two to `longest` words, given by their hashes. */
export function visitNGramBuckets(
  hashes: ArrayLike<number>,
  { wordNgrams, buckets }: Pick<FastTextModel, "wordNgrams" | "buckets">,
  visit: (bucket: number) => void,
): void {
  const run: Uint64 = { high: 0, low: 0 };
  const carry = 2 ** 32 % buckets;
  for (let first = 0; first < hashes.length; first++) {
    run.low = hashes[first]!;
    run.high = run.low >> 31;
    for (let next = first + 1; next < hashes.length && next < first + wordNgrams; next++) {
      multiply(run, 0, nGramFactor);
      add(run, hashes[next]! >> 31, hashes[next]!);
      visit((((run.high >>> 0) % buckets) * carry + (run.low >>> 0)) % buckets);
    }
  }
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
