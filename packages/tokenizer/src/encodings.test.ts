import { describe, expect, it } from "vitest";
import type { Encoding } from "./encoding.ts";
import { randomText, readFixture, seededRandom, wellFormed } from "./testing/fixtures.ts";
import type { TextInput } from "./tokenizer.ts";
import { parseTokenizerJson, toTokenizerJson } from "./tokenizerJson.ts";
import type { Truncation } from "./truncation.ts";

/** What tools/fixtures/tokenizer_encodings.py wrote; offsets one after the other. */
interface EncodingCase {
  readonly input: TextInput;
  readonly ids: number[];
  readonly tokens: string[];
  readonly offsets: number[];
  readonly typeIds: number[];
  readonly attentionMask: number[];
  readonly specialTokensMask: number[];
  readonly decoded: string;
}

const characterModels = ["bert-uncased", "bert-cased", "t5", "unigram-bytes"];
const byteLevelModels = ["gpt2", "roberta", "llama3", "possessive", "missing-bytes", "normalized", "qwen2"];

function plain(encoding: Encoding): Omit<EncodingCase, "input" | "decoded"> {
  return {
    ids: [...encoding.ids],
    tokens: [...encoding.tokens],
    offsets: encoding.offsets.flat(),
    typeIds: [...encoding.typeIds],
    attentionMask: [...encoding.attentionMask],
    specialTokensMask: [...encoding.specialTokensMask],
  };
}

describe.each([...characterModels, ...byteLevelModels])("%s against Hugging Face tokenizers", (name) => {
  const definition = readFixture<object>(`${name}.json`);
  const tokenizer = parseTokenizerJson(definition);

  it.each(readFixture<EncodingCase[]>(`${name}.encodings.json`))("$input", ({ input, decoded, ...expected }) => {
    const encoding = tokenizer.encodeWithOffsets(input, { allowedSpecial: "all" });
    expect(plain(encoding)).toEqual(expected);
    expect(tokenizer.decode(encoding.ids, { skipSpecialTokens: true })).toBe(decoded);
    const stream = tokenizer.decodeStream({ skipSpecialTokens: true });
    const parts = Array.from(encoding.ids, (id) => stream.push(id));
    expect(parts.join("") + stream.end()).toBe(decoded);
    if (typeof input === "string") {
      const whole = tokenizer.encodeWithOffsets(input, { allowedSpecial: "all", truncation: false, padding: false });
      expect(tokenizer.encode(input, { allowedSpecial: "all" })).toEqual(whole.ids);
    }
  });

  it("writes the file that Hugging Face wrote", () => {
    expect(JSON.parse(JSON.stringify(toTokenizerJson(tokenizer)))).toEqual(definition);
  });

  it("gives places inside the text, in order, whatever the text is", () => {
    const random = seededRandom(3);
    for (let round = 0; round < 40; round++) {
      const text = randomText(random, 15);
      const { offsets, ids } = tokenizer.encodeWithOffsets(text, {
        addSpecialTokens: false,
        truncation: false,
        padding: false,
      });
      expect([...ids]).toEqual([...tokenizer.encode(text, { addSpecialTokens: false })]);
      for (const [start, end] of offsets) {
        expect(start).toBeLessThanOrEqual(end);
        expect(end).toBeLessThanOrEqual(text.length);
        expect(wellFormed(text).slice(start, end)).not.toMatch(/\p{Cs}/u);
      }
    }
  });
});

describe("truncation and padding by options", () => {
  const tokenizer = parseTokenizerJson(readFixture<object>("bert-uncased.json"));
  const strategies = { longest_first: "longestFirst", only_first: "onlyFirst", only_second: "onlySecond" } as const;
  type Options = [number, keyof typeof strategies, "left" | "right", boolean];

  it.each(readFixture<(EncodingCase & { options: Options })[]>("truncated.json"))(
    "$options",
    ({ input, options, decoded: _, ...expected }) => {
      const [maxLength, strategy, direction, addSpecialTokens] = options;
      const truncation: Truncation = { maxLength, strategy: strategies[strategy], direction };
      const padding = { direction, multipleOf: 8, typeId: 1 };
      expect(plain(tokenizer.encodeWithOffsets(input, { addSpecialTokens, truncation, padding }))).toEqual(expected);
    },
  );

  it.each(["left", "right"] as const)("windows from the %s hold all tokens and share the stride", (direction) => {
    const text = "the people of the united states and the congress of the union";
    const all = [...tokenizer.encode(text, { addSpecialTokens: false })];
    const encoding = tokenizer.encodeWithOffsets(text, { truncation: { maxLength: 8, stride: 2, direction } });
    const windows = [encoding, ...encoding.overflowing].map(({ ids }) => [...ids].slice(1, -1));
    expect(windows.length).toBe(Math.ceil((all.length - 2) / 4));
    const ordered = direction === "left" ? windows.reverse() : windows;
    const shared = ordered.slice(1).map((window, index) => [window.slice(0, 2), ordered[index]!.slice(-2)]);
    for (const [start, end] of shared) expect(start).toEqual(end);
    expect(ordered.flatMap((window, index) => (index === 0 ? window : window.slice(2)))).toEqual(all);
  });

  it("cuts pairs into every combination of windows", () => {
    const pair = ["the people of the union", "the congress of the states"] as const;
    const { overflowing } = tokenizer.encodeWithOffsets(pair, { truncation: { maxLength: 9 } });
    const [first, second] = pair.map((text) =>
      Math.ceil(tokenizer.encode(text, { addSpecialTokens: false }).length / 3),
    );
    expect(overflowing.length).toBe(first! * second! - 1);
    for (const { ids } of overflowing) expect(ids[0]).toBe(2);
  });

  it("makes a batch as long as its longest text", () => {
    const batch = tokenizer.encodeBatchWithOffsets(["a", ["a b", "c d"]], { padding: {} });
    expect(batch.map(({ ids }) => ids.length)).toEqual([7, 7]);
    expect([...batch[0]!.attentionMask]).toEqual([1, 1, 1, 0, 0, 0, 0]);
    const fixed = tokenizer.encodeBatchWithOffsets(["a"], {
      padding: { length: 5, token: "[MASK]", direction: "left" },
    });
    expect([...fixed[0]!.ids].slice(0, 2)).toEqual([4, 4]);
  });

  it("refuses what cannot be", () => {
    const encode = (truncation: Truncation) => () => tokenizer.encodeWithOffsets("a b c d e", { truncation });
    expect(encode({ maxLength: 1 })).toThrow(
      "maxLength must be a whole number from 2 (the tokens around the texts), got 1",
    );
    expect(encode({ maxLength: 4, stride: 2 })).toThrow("stride must be a whole number from 0 to 1");
    expect(encode({ maxLength: 4, strategy: "onlySecond" })).toThrow("second text alone, which has no tokens");
    expect(() => tokenizer.encodeWithOffsets("a", { padding: { token: "?pad?" } })).toThrow(
      '"?pad?" is no token of this',
    );
    expect(() => tokenizer.encodeWithOffsets("a", { padding: { multipleOf: 0 } })).toThrow("multipleOf must be");
    expect(() => tokenizer.encodeWithOffsets(5 as unknown as string)).toThrow("expected a string or a pair of strings");
    const gpt2 = parseTokenizerJson(readFixture<object>("gpt2.json"));
    expect(() => gpt2.encodeWithOffsets("a", { padding: {} })).toThrow("none of [PAD], <pad>, <|pad|>");
  });
});

describe("models on characters", () => {
  it.each(characterModels)(
    "%s takes a word of a megabyte",
    (name) => {
      const tokenizer = parseTokenizerJson(readFixture<object>(`${name}.json`));
      const word = "people".repeat(170_000);
      const { ids, offsets } = tokenizer.encodeWithOffsets(word, {
        truncation: false,
        padding: false,
        addSpecialTokens: false,
      });
      expect(ids.length).toBeGreaterThan(0);
      expect(offsets.at(-1)![1]).toBe(word.length);
    },
    60_000,
  );

  it("refuse what is no text and no token, and definitions that cannot be read", () => {
    const tokenizer = parseTokenizerJson(readFixture<object>("t5.json"));
    expect(() => tokenizer.encode(5 as unknown as string)).toThrow("encode: expected a string, got number");
    expect(() => tokenizer.decode([0, 5000])).toThrow(
      "decode: id 5000 at index 1 is no token of this vocabulary of 500",
    );
    const bert = readFixture<{ model: { vocab: object } }>("bert-cased.json");
    const t5 = readFixture<{ model: object; normalizer: object }>("t5.json");
    const table = { type: "Precompiled", precompiled_charsmap: "AAEAAAA=" };
    for (const [definition, message] of [
      [{ ...bert, model: { ...bert.model, vocab: { a: 0 } } }, 'model.unk_token: "[UNK]" is not in model.vocab'],
      [{ ...bert, model: { ...bert.model, vocab: { a: "0" } } }, 'model.vocab["a"]: expected a token id'],
      [{ ...bert, decoder: { type: "Other" } }, 'decoder.type: "Other" is not supported'],
      [{ ...bert, pre_tokenizer: { type: "FixedLength", length: 0 } }, "expected a number of characters from 1, got 0"],
      [{ ...t5, model: { ...t5.model, unk_id: 900 } }, "model.unk_id: 900 is no id of the vocabulary of 500"],
      [{ ...t5, model: { ...t5.model, vocab: [["a"]] } }, "model.vocab[0][1]: expected a score"],
      [{ ...t5, normalizer: table }, "expected a table of 256 bytes, got 5"],
      [{ ...t5, truncation: { max_length: 4, strategy: "Some" } }, 'truncation.strategy: "Some" is not supported'],
      [{ ...t5, padding: { strategy: "Some" } }, 'padding.strategy: "Some" is not supported'],
    ] as const) {
      expect(() => parseTokenizerJson(definition)).toThrow(message);
    }
  });
});
