// Test data: what tools/fixtures/tokenizer.py wrote, and seeded random texts.
import { readFileSync } from "node:fs";

/** What Hugging Face `tokenizers` makes of one of the texts. */
export interface FixtureCase {
  readonly ids: number[];
  readonly tokens: string[];
  readonly plainIds: number[];
  readonly bareIds: number[];
  readonly decoded: string;
  readonly decodedWithoutSpecial: string;
  readonly decodedOdd: string;
}

export function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../__fixtures__/${name}`, import.meta.url), "utf8")) as T;
}

/** A generator of numbers in [0, 1): mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const alphabets: readonly ((random: () => number) => string)[] = [
  (random) => " \t\n\r'/.,!?-_<|>"[Math.floor(random() * 16)] ?? " ",
  (random) => ["'s", "'S", "'ll", "'Ve", "'re", "'ſ", "'", "  ", "\r\n", " \n "][Math.floor(random() * 10)]!,
  (random) => "abcdefgABCDEFGsStTmMdDlLrRvVeE"[Math.floor(random() * 30)]!,
  (random) => "0123456789½Ⅷ٣"[Math.floor(random() * 13)]!,
  (random) => "éÅßǅªºſʰ\u0301\u0345ﬁ中文のア한\u00a0\u0085\u2028\u3000\ufeff\u200b"[Math.floor(random() * 24)] ?? "é",
  (random) => ["😀", "👍🏽", "𝕳", "𝟙", "𐐀", "𐐨", "𠀀", "\u{e0100}", "\u{1d165}"][Math.floor(random() * 9)]!,
  (random) => String.fromCharCode(Math.floor(random() * 0x10000)),
  (random) => String.fromCodePoint(Math.floor(random() * 0x110000)),
];

/** A text of characters from many scripts, lone surrogates among them, in short runs of one kind. */
export function randomText(random: () => number, runs: number): string {
  let text = "";
  for (let run = 0; run < runs; run++) {
    const draw = alphabets[Math.floor(random() * alphabets.length)]!;
    for (let left = 1 + Math.floor(random() * 5); left > 0; left--) text += draw(random);
  }
  return text;
}

/** `text` with each lone surrogate replaced by U+FFFD: what a tokenizer gives back. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, "\ufffd");
}
