import { describe, expect, it } from "vitest";
import { collect } from "../test/temporaryFolder.ts";
import { type ChunkOptions, chunk, chunkText } from "./chunkText.ts";
import { pipeline } from "./pipeline.ts";
import type { TokenEncoder } from "./tokenEncoder.ts";

const words: TokenEncoder = { vocabularySize: 1, encode: (text) => text.match(/\S+/g)?.map(() => 0) ?? [] };
const bytes: TokenEncoder = { vocabularySize: 256, encode: (text) => Buffer.from(text) };

function texts(text: string, options: ChunkOptions): string[] {
  const chunks = chunkText(text, options);
  for (const { start, end, text: part } of chunks) expect(part).toBe(text.slice(start, end));
  return chunks.map((part) => part.text);
}

/** A made-up text of paragraphs, sentences and words of many lengths. */
function sample(): string {
  let state = 7;
  const next = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  const word = () => "abcdefghijklmnop日本é".slice(next(10), 11 + next(9));
  const sentence = () => `X${Array.from({ length: 1 + next(15) }, word).join(" ")}.`;
  const paragraph = () => Array.from({ length: 1 + next(8) }, sentence).join(" ");
  return Array.from({ length: 40 }, paragraph).join("\n\n");
}

describe("chunkText", () => {
  it("puts whole paragraphs together while they fit", () => {
    expect(texts("aa\n\nbb\n \ncc\n\ndddddd", { maxCharacters: 7 })).toEqual(["aa\n\nbb", "cc", "dddddd"]);
  });

  it("cuts a paragraph that is too long between sentences, keeping the others whole", () => {
    const text = "Short one.\n\nFirst sentence. Second sentence! Third one?\n\nLast.";
    expect(texts(text, { maxCharacters: 34 })).toEqual([
      "Short one.\n\nFirst sentence.",
      "Second sentence! Third one?\n\nLast.",
    ]);
  });

  it("knows the sentences of other languages", () => {
    expect(texts("我喜欢猫。你喜欢狗。他们喜欢鸟。", { maxCharacters: 11 })).toEqual([
      "我喜欢猫。你喜欢狗。",
      "他们喜欢鸟。",
    ]);
    expect(texts("यह पहला है। यह दूसरा है।", { maxCharacters: 13 })).toEqual(["यह पहला है।", "यह दूसरा है।"]);
  });

  it("cuts a long sentence between words and a long word between characters, never inside one", () => {
    expect(texts("one two three", { maxCharacters: 7 })).toEqual(["one two", "three"]);
    expect(texts("abcdefgh", { maxCharacters: 3 })).toEqual(["abc", "def", "gh"]);
    expect(texts("👩‍💻👩‍💻👩‍💻", { maxCharacters: 11 })).toEqual(["👩‍💻👩‍💻", "👩‍💻"]);
    expect(texts("e\u0301e\u0301e\u0301", { maxCharacters: 3 })).toEqual(["e\u0301", "e\u0301", "e\u0301"]);
  });

  it("cuts inside a cluster larger than a chunk, but not inside a code point", () => {
    expect(texts("👩‍💻", { maxCharacters: 3 })).toEqual(["👩\u200d", "💻"]);
  });

  it("counts tokens of the encoder", () => {
    expect(texts("One two three. Four five.\n\nSix seven.", { maxTokens: 4, encoder: words })).toEqual([
      "One two three.",
      "Four five.\n\nSix seven.",
    ]);
    expect(() => chunkText("a💻", { maxTokens: 3, encoder: bytes })).toThrow(
      /the character "💻" at 1 alone has 4 tokens, more than maxTokens 3 \(raise maxTokens\)/,
    );
  });

  it("loses nothing but white space, and keeps to the limit, for every limit", () => {
    const text = sample();
    for (const encoder of [undefined, words, bytes]) {
      for (const limit of [9, 20, 50, 128, 512, 2048, 1e6]) {
        const options = encoder ? { maxTokens: limit, encoder } : { maxCharacters: limit };
        const chunks = chunkText(text, options);
        let end = 0;
        for (const part of chunks) {
          expect(text.slice(end, part.start).trim()).toBe("");
          expect(encoder ? encoder.encode(part.text).length : part.text.length).toBeLessThanOrEqual(limit);
          expect(part.text.trim()).toBe(part.text);
          end = part.end;
        }
        expect(text.slice(end).trim()).toBe("");
      }
    }
  });

  it("repeats whole sentences, or words, up to the overlap", () => {
    const text = "One two. Three four. Five six. Seven eight.";
    expect(texts(text, { maxCharacters: 22, overlap: 12 })).toEqual([
      "One two. Three four.",
      "Three four. Five six.",
      "Five six. Seven eight.",
    ]);
    expect(texts("one two three four five six", { maxCharacters: 13, overlap: 5 })).toEqual([
      "one two three",
      "three four",
      "four five six",
    ]);
  });

  it("keeps to the limit with overlap, and goes forward", () => {
    const text = sample();
    for (const overlap of [0, 5, 60, 99]) {
      const chunks = chunkText(text, { maxCharacters: 100, overlap });
      for (const [i, part] of chunks.entries()) {
        expect(part.text.length).toBeLessThanOrEqual(100);
        const former = chunks[i - 1];
        if (!former) continue;
        expect(part.start).toBeGreaterThan(former.start);
        expect(part.end).toBeGreaterThan(former.end);
        expect(former.end - part.start).toBeLessThanOrEqual(overlap);
      }
    }
  });

  it("takes linear time on one long paragraph", () => {
    const sentence = "Some words make a sentence, and that is all. ";
    const chunks = chunkText(sentence.repeat(25_000), { maxCharacters: 512 });
    expect(chunks).toHaveLength(Math.ceil(25_000 / Math.floor(513 / sentence.length)));
  });

  it("gives nothing for white space", () => {
    expect(chunkText(" \n\n ", { maxCharacters: 10 })).toEqual([]);
  });

  it("refuses impossible sizes", () => {
    expect(() => chunkText("x", { maxCharacters: 1 })).toThrow("maxCharacters: expected a whole number of at least 2");
    expect(() => chunkText("x", { maxTokens: 8, encoder: words, overlap: 8 })).toThrow(
      "overlap: expected from 0 to below maxTokens 8, got 8",
    );
  });
});

describe("chunk", () => {
  it("replaces documents by their numbered chunks", async () => {
    const documents = [{ id: "a", text: "one\n\ntwo", metadata: { language: "en" } }];
    const run = pipeline(documents, [chunk({ maxCharacters: 3 })]);
    expect(await collect(run.documents)).toEqual([
      { id: "a#1", text: "one", metadata: { language: "en" } },
      { id: "a#2", text: "two", metadata: { language: "en" } },
    ]);
  });
});
