import { describe, expect, it } from "vitest";
import { translatePattern } from "./oniguruma.ts";
import { patterns, qwen2Pattern, scannerFor } from "./patterns.ts";
import { randomText, seededRandom } from "./testing/fixtures.ts";

const named = { ...patterns, qwen2: qwen2Pattern };

function scanPieces(pattern: string, text: string): string[] {
  const scan = scannerFor(pattern)!;
  const units = Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = scan(units, start, text.length);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

describe.each(Object.entries(named))("the %s scanner", (_name, pattern) => {
  const expression = translatePattern(pattern);

  it("cuts fuzzed Unicode as the regular expression does", () => {
    const random = seededRandom(3);
    for (let round = 0; round < 4000; round++) {
      const text = randomText(random, 1 + (round % 12));
      expect(scanPieces(pattern, text)).toEqual(text.match(expression) ?? []);
    }
  });

  it("cuts every code point as the regular expression does", () => {
    for (let start = 0; start < 0x110000; start += 512) {
      let text = "";
      for (let codePoint = start; codePoint < start + 512; codePoint++) text += `${String.fromCodePoint(codePoint)}a `;
      expect(scanPieces(pattern, text)).toEqual(text.match(expression));
    }
  });
});

it("there is no scanner for another pattern", () => {
  expect(scannerFor("\\w+")).toBeUndefined();
});
