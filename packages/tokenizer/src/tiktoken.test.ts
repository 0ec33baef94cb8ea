import { get_encoding } from "tiktoken";
import { afterAll, describe, expect, it } from "vitest";
import { randomText, readFixture, seededRandom, wellFormed } from "./testing/fixtures.ts";
import { loadTiktoken } from "./tiktoken.ts";
import { parseTokenizerJson, toTokenizerJson } from "./tokenizerJson.ts";

const texts = [...readFixture<string[]>("texts.json"), ...readFixture<string[]>("corpus.json")];

describe.each(["gpt2", "cl100k_base", "o200k_base"] as const)("%s", (encoding) => {
  const ours = loadTiktoken(encoding);
  const theirs = get_encoding(encoding);
  afterAll(() => theirs.free());

  it("gives the ids of the tiktoken package", () => {
    for (const text of texts) {
      expect(ours.encode(text)).toEqual(theirs.encode(wellFormed(text), [], []));
      expect(ours.encode(text, { allowedSpecial: "all" })).toEqual(theirs.encode(wellFormed(text), "all", []));
    }
  });

  it("gives the ids of the tiktoken package for fuzzed Unicode, and the text back", () => {
    const random = seededRandom(7);
    for (let round = 0; round < 400; round++) {
      const text = randomText(random, 15);
      const ids = ours.encode(text);
      expect(ids).toEqual(theirs.encode(wellFormed(text), [], []));
      expect(ours.decode(ids)).toBe(wellFormed(text));
    }
  });

  it("takes long words of one and of many characters", () => {
    for (const text of [
      "a".repeat(30_000),
      "ab1!".repeat(500),
      " ".repeat(5000),
      "中".repeat(3000),
      "Xx'".repeat(900),
    ]) {
      expect(ours.encode(text)).toEqual(theirs.encode(text, [], []));
    }
  });

  it("knows its size, its special tokens and the ids that are none", () => {
    const special = Object.fromEntries(ours.specialTokens);
    expect(special["<|endoftext|>"]).toBe({ gpt2: 50256, cl100k_base: 100257, o200k_base: 199999 }[encoding]);
    expect(ours.vocabularySize).toBe({ gpt2: 50257, cl100k_base: 100277, o200k_base: 200019 }[encoding]);
    expect(ours.decode([special["<|endoftext|>"]!])).toBe("<|endoftext|>");
    if (encoding === "cl100k_base") {
      expect(ours.idToToken(100256)).toBeUndefined();
      expect(() => ours.decode([100256])).toThrow("id 100256 at index 0 is no token");
    }
    expect(ours.tokenToId("Ġthe")).toBe(theirs.encode(" the")[0]);
  });
});

it("an encoding becomes a tokenizer.json with the same ids", () => {
  const encoding = loadTiktoken("gpt2");
  const copy = parseTokenizerJson(JSON.stringify(toTokenizerJson(encoding)));
  for (const text of texts) expect(copy.encode(text)).toEqual(encoding.encode(text));
});

it("another name is refused", () => {
  expect(() => loadTiktoken("p50k" as "gpt2")).toThrow(
    'loadTiktoken: "p50k" is no known encoding (use gpt2, cl100k_base, o200k_base)',
  );
});
