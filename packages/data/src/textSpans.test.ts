import { describe, expect, it } from "vitest";
import { characters, paragraphs, type Splitter, sentences, trimSpan, words } from "./textSpans.ts";

function parts(split: Splitter, text: string, start = 0, end = text.length): string[] {
  return [...split(text, { start, end })].map((span) => text.slice(span.start, span.end));
}

describe("paragraphs", () => {
  it("ends at blank lines, also blank lines of white space", () => {
    expect(parts(paragraphs, "a\nb\n\nc\n \t\n\nd")).toEqual(["a\nb", "c", "d"]);
    expect(parts(paragraphs, "a\n\nb\n\nc", 1, 5)).toEqual(["", "b", ""]);
  });
});

describe("sentences, words and characters", () => {
  const mixed = [
    "He can't go, e.g. to 3.5 km. (Really?) Yes… “No.” she said. ",
    "日本語の文章です。次の文。",
    "👩‍💻🇩🇪🇫🇷🇩🇪👍🏽 e\u0301\u0301 नमस्ते। ",
    "wordwordword".repeat(30),
    ` ${"1, 2. ".repeat(40)}then `,
    "\r\n",
  ];
  const long = Array.from({ length: 45 }, (_, i) => mixed[(i * i + 3 * i) % mixed.length]).join("");

  it("are those of Intl.Segmenter on the whole text, though it is given stretches", () => {
    const cases = { sentence: sentences, word: words, grapheme: characters } as const;
    for (const [granularity, split] of Object.entries(cases)) {
      const segmenter = new Intl.Segmenter("und", { granularity: granularity as keyof typeof cases });
      expect(parts(split, long)).toEqual([...segmenter.segment(long)].map(({ segment }) => segment));
    }
    expect(long.length).toBeGreaterThan(4000);
  });

  it("may be longer than a stretch", () => {
    const sentence = `A${" very".repeat(5000)} long sentence. `;
    expect(parts(sentences, `${sentence}Short. ${sentence}`)).toEqual([sentence, "Short. ", sentence]);
    const word = "w".repeat(20_000);
    expect(parts(words, `a ${word} b`)).toEqual(["a", " ", word, " ", "b"]);
  });

  it("stay inside their span", () => {
    expect(parts(words, "one two three", 4, 9)).toEqual(["two", " ", "t"]);
  });
});

describe("trimSpan", () => {
  it("leaves white space at both ends out", () => {
    expect(trimSpan("  ab \n", { start: 0, end: 6 })).toEqual({ start: 2, end: 4 });
    expect(trimSpan("   ", { start: 0, end: 3 })).toEqual({ start: 3, end: 3 });
  });
});
