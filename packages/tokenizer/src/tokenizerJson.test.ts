import { describe, expect, it } from "vitest";
import { FormatError, TokenizerError } from "./errors.ts";
import { type FixtureCase, randomText, readFixture, seededRandom, wellFormed } from "./testing/fixtures.ts";
import { parseTokenizerJson, toTokenizerJson } from "./tokenizerJson.ts";

const texts = readFixture<string[]>("texts.json");
const names = [
  "gpt2",
  "roberta",
  "llama3",
  "qwen2",
  "o200k",
  "starcoder",
  "deepseek",
  "possessive",
  "words",
  "missing-bytes",
  "normalized",
  "trained-here",
];

describe.each(names)("%s against Hugging Face tokenizers", (name) => {
  const definition = readFixture<{
    model: { vocab: Record<string, number> };
    added_tokens: { id: number; content: string }[];
  }>(`${name}.json`);
  const cases = readFixture<FixtureCase[]>(`${name}.cases.json`);
  const tokenizer = parseTokenizerJson(definition);

  it.each(cases.map((expected, index) => ({ expected, text: texts[index]! })))("$text", ({ expected, text }) => {
    const ids = [...tokenizer.encode(text, { allowedSpecial: "all" })];
    expect(ids).toEqual(expected.ids);
    expect(ids.map((id) => tokenizer.idToToken(id))).toEqual(expected.tokens);
    expect([...tokenizer.encode(text, { allowedSpecial: "all", addSpecialTokens: false })]).toEqual(expected.bareIds);
    expect([...tokenizer.encode(text)]).toEqual(expected.plainIds);
    expect(tokenizer.decode(ids)).toBe(expected.decoded);
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(expected.decodedWithoutSpecial);
    expect(tokenizer.decode(ids.filter((_, index) => index % 2 === 1))).toBe(expected.decodedOdd);
  });

  it("knows every token by its spelling", () => {
    const { model, added_tokens } = definition;
    for (const [token, id] of Object.entries(model.vocab)) expect(tokenizer.tokenToId(token)).toBe(id);
    for (const { id, content } of added_tokens) expect(tokenizer.tokenToId(content)).toBe(id);
    expect(tokenizer.tokenToId("no such token")).toBeUndefined();
    expect(tokenizer.idToToken(tokenizer.vocabularySize)).toBeUndefined();
  });

  it("writes the file that Hugging Face wrote", () => {
    expect(JSON.parse(JSON.stringify(toTokenizerJson(tokenizer)))).toEqual(definition);
  });
});

describe("encode and decode", () => {
  const tokenizer = parseTokenizerJson(readFixture<object>("gpt2.json"));

  it("give back every well-formed text, and U+FFFD for lone surrogates", () => {
    const random = seededRandom(1);
    for (let round = 0; round < 300; round++) {
      const text = randomText(random, 20);
      expect(tokenizer.decode(tokenizer.encode(text, { addSpecialTokens: false }))).toBe(wellFormed(text));
    }
  });

  it("treat a special token in the text as plain text unless it is allowed", () => {
    const text = "a<|endoftext|>b";
    const special = tokenizer.specialTokens.get("<|endoftext|>")!;
    expect([...tokenizer.encode(text)]).not.toContain(special);
    expect([...tokenizer.encode(text, { allowedSpecial: "all" })]).toContain(special);
    expect([...tokenizer.encode(text, { allowedSpecial: new Set(["<|endoftext|>"]) })]).toContain(special);
    expect([...tokenizer.encode(text, { allowedSpecial: new Set(["<|other|>"]) })]).not.toContain(special);
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it("encode a batch as each text alone", () => {
    expect(tokenizer.encodeBatch(texts)).toEqual(texts.map((text) => tokenizer.encode(text)));
  });

  it("stream what decode gives, never half a character", () => {
    const random = seededRandom(2);
    for (let round = 0; round < 50; round++) {
      const ids = tokenizer.encode(randomText(random, 10)).filter(() => random() < 0.9);
      const stream = tokenizer.decodeStream();
      const parts = [...ids].map((id) => stream.push(id));
      expect(parts.join("") + stream.end()).toBe(tokenizer.decode(ids));
    }
    const stream = tokenizer.decodeStream();
    const emoji = [...tokenizer.encode("😀")];
    expect(emoji.map((id) => stream.push(id))).toEqual([...emoji.slice(1).map(() => ""), "😀"]);
    expect(stream.end()).toBe("");
    stream.push(emoji[0]!);
    expect(stream.end()).toBe("\ufffd");
    const quiet = tokenizer.decodeStream({ skipSpecialTokens: true });
    expect(quiet.push(tokenizer.specialTokens.get("<|endoftext|>")!)).toBe("");
  });

  it("refuse what is no text and no token", () => {
    expect(() => tokenizer.encode(5 as unknown as string)).toThrow("encode: expected a string, got number");
    expect(() => tokenizer.encode(null as unknown as string)).toThrow("got null");
    expect(() => tokenizer.decode([0, 900])).toThrow("decode: id 900 at index 1 is no token of this vocabulary of 900");
    expect(() => tokenizer.decode([-1])).toThrow(TokenizerError);
    expect(() => tokenizer.decodeStream().push(1.5)).toThrow("id 1.5");
  });

  it("take a word of a megabyte", () => {
    const word = `${"ab".repeat(250_000)}${"é".repeat(250_000)}`;
    expect(tokenizer.decode(tokenizer.encode(word))).toBe(word);
  });

  it("stay right when the cache starts over", () => {
    const words = Array.from({ length: 140_000 }, (_, i) => ` w${i.toString(36)}x`);
    const first = tokenizer.encode(words.slice(0, 50).join(""));
    expect(tokenizer.decode(tokenizer.encode(words.join("")))).toBe(words.join(""));
    expect(tokenizer.encode(words.slice(0, 50).join(""))).toEqual(first);
  });
});

describe("a definition that cannot be read", () => {
  const good = readFixture<Record<string, unknown> & { model: object }>("gpt2.json");
  const withModel = (fields: object): object => ({ ...good, model: { ...good.model, ...fields } });

  it.each<[string, string | object, string]>([
    ["text cut short", JSON.stringify(good).slice(0, 500), "not valid JSON"],
    ["an array", [], "tokenizer.json: expected an object, got an array"],
    ["no model", { ...good, model: undefined }, "model: expected an object, got nothing"],
    [
      "WordLevel",
      withModel({ type: "WordLevel" }),
      '"WordLevel" is not supported (supported: BPE, Unigram, WordPiece)',
    ],
    ["dropout", withModel({ dropout: 0.1 }), "model.dropout: 0.1"],
    ["a suffix that is no text", withModel({ end_of_word_suffix: 5 }), "model.end_of_word_suffix: expected a string"],
    ["vocab of strings", withModel({ vocab: { a: "b" } }), 'model.vocab["a"]: expected a token id'],
    ["an unknown merge", withModel({ merges: ["a b", "xx yy"] }), "model.merges"],
    ["half a merge", withModel({ merges: ["a"] }), 'model.merges[0]: expected two tokens, got "a"'],
    ["half a Metaspace", { ...good, pre_tokenizer: { type: "Metaspace" } }, "pre_tokenizer[0].replacement: expected a"],
    [
      "an unknown pre-tokenizer",
      { ...good, pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Cut" }, { type: "ByteLevel" }] } },
      'pre_tokenizer[0].type: "Cut" is not supported',
    ],
    ["an unknown normalizer", { ...good, normalizer: { type: "Other" } }, 'normalizer.type: "Other"'],
    ["an unknown post-processor", { ...good, post_processor: { type: "Other" } }, 'post_processor.type: "Other"'],
    ["an unknown decoder", { ...good, decoder: { type: "Other" } }, 'decoder.type: "Other"'],
    [
      "an added token without content",
      { ...good, added_tokens: [{ id: 1 }] },
      "added_tokens[0].content: expected a string",
    ],
    ["an added token with a bad id", { ...good, added_tokens: [{ id: -1, content: "x" }] }, "added_tokens[0].id"],
  ])("%s", (_name, definition, message) => {
    expect(() => parseTokenizerJson(definition)).toThrow(FormatError);
    expect(() => parseTokenizerJson(definition)).toThrow(message);
  });
});
