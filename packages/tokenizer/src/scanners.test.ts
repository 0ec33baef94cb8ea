import { describe, expect, it } from "vitest";
import { translatePattern } from "./oniguruma.ts";
import { cutterFor, patterns, qwen2Pattern } from "./patterns.ts";
import { pieceEnds } from "./pieceCutter.ts";
import { cl100kScanner, gpt2Scanner, o200kScanner, type Scanner } from "./scanners.ts";
import { randomText, seededRandom } from "./testing/fixtures.ts";

const named = [
  ["gpt2", patterns.gpt2, gpt2Scanner()],
  ["cl100k", patterns.cl100k, cl100kScanner(3)],
  ["qwen2", qwen2Pattern, cl100kScanner(1)],
  ["o200k", patterns.o200k, o200kScanner()],
] as const;

function unitsOf(text: string): Uint16Array {
  return Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}

function scanEnds(scan: Scanner, units: Uint16Array): number[] {
  const ends: number[] = [];
  for (let at = 0; at < units.length; ends.push(at)) at = scan(units, at, units.length);
  return ends;
}

/** By the rules; starts at `from`, where a piece has to start. */
function cutEnds(pattern: string, units: Uint16Array, from = 0): number[] {
  const cutter = cutterFor(pattern)!;
  const ends: number[] = [];
  for (let start = from; start < units.length; start = ends.at(-1)!) {
    const count = cutter.cut(units, start, units.length);
    for (const end of pieceEnds.subarray(0, count)) ends.push(start + end);
  }
  return ends;
}

function piecesOf(text: string, ends: readonly number[]): string[] {
  return ends.map((end, i) => text.slice(i === 0 ? 0 : ends[i - 1], end));
}

describe.each(named)("the scanner and the rule of %s", (_name, pattern, scan) => {
  const expression = translatePattern(pattern);

  function expectSamePieces(text: string): void {
    const units = unitsOf(text);
    const expected = text.match(expression) ?? [];
    expect(piecesOf(text, scanEnds(scan, units))).toEqual(expected);
    expect(piecesOf(text, cutEnds(pattern, units))).toEqual(expected);
  }

  it("cut fuzzed Unicode as the regular expression does", () => {
    const random = seededRandom(3);
    for (let round = 0; round < 4000; round++) expectSamePieces(randomText(random, 1 + (round % 12)));
  });

  it("cut every code point as the regular expression does", () => {
    for (let start = 0; start < 0x110000; start += 512) {
      let text = "";
      for (let codePoint = start; codePoint < start + 512; codePoint++) text += `${String.fromCodePoint(codePoint)}a `;
      expectSamePieces(text);
    }
  });

  it("cut long texts, and pieces that are longer than a stretch, as the regular expression does", () => {
    const random = seededRandom(5);
    for (let round = 0; round < 20; round++) expectSamePieces(randomText(random, 4000));
    const long = 5000;
    for (const part of ["a", "A", " ", "\n", " \n", "\n ", "1", "!", "'", "!\n", "中", "é\u0301", "😀"]) {
      expectSamePieces(`x ${part.repeat(long)}y`);
      expectSamePieces(`${"word ".repeat(818)}${part.repeat(long)}`);
    }
  });

  it("agree on all short texts of one character per class", () => {
    const alphabet = ["a", "s", "A", "中", "1", " ", "\t", "\n", "'", "/", "!", "\u0301", "😀", "𝕳"];
    let texts = [""];
    for (let length = 1; length <= 4; length++) {
      texts = texts.flatMap((text) => alphabet.map((character) => text + character));
      // One long text, in which each is in the company of others, and the rules go on behind what the scanner decided.
      const units = unitsOf(texts.map((text) => `${text}x${text}\n1`).join(""));
      expect(cutEnds(pattern, units)).toEqual(scanEnds(scan, units));
      for (const text of texts) expect(cutEnds(pattern, unitsOf(text))).toEqual(scanEnds(scan, unitsOf(text)));
    }
  });

  it("agree wherever a text is taken up again", () => {
    const units = unitsOf(randomText(seededRandom(7), 400));
    const ends = scanEnds(scan, units);
    for (const [i, end] of ends.entries()) expect(cutEnds(pattern, units, end)).toEqual(ends.slice(i + 1));
  });
});

it("there is none for another pattern", () => {
  expect(cutterFor("\\w+")).toBeUndefined();
});
