import { describe, expect, it } from "vitest";
import { readFixture } from "./testing/fixtures.ts";
import type { TextInput } from "./tokenizer.ts";
import { parseTokenizerJson, toTokenizerJson } from "./tokenizerJson.ts";

/** What tools/fixtures/tokenizer_components.py wrote; offsets one after the other. */
interface Components {
  readonly models: Readonly<Record<string, object>>;
  readonly tokenizers: readonly {
    readonly title: string;
    readonly base: string;
    /** What differs from the model `base`. */
    readonly model: object;
    readonly definition: object;
    readonly cases: readonly {
      readonly input: TextInput;
      readonly ids: number[];
      readonly plainIds: number[];
      readonly tokens: string[];
      readonly offsets: number[];
      readonly typeIds: number[];
      readonly specialTokensMask: number[];
      readonly decoded: string;
    }[];
  }[];
}

const { models, tokenizers } = readFixture<Components>("components.json");

describe.each(tokenizers)("$title", ({ base, model, definition, cases }) => {
  const json = { ...definition, model: { ...models[base], ...model } };
  const tokenizer = parseTokenizerJson(json);

  it.each(cases)("$input", ({ input, plainIds, decoded, ...expected }) => {
    const encoding = tokenizer.encodeWithOffsets(input, { allowedSpecial: "all" });
    expect({
      ids: [...encoding.ids],
      tokens: encoding.tokens,
      offsets: encoding.offsets.flat(),
      typeIds: [...encoding.typeIds],
      specialTokensMask: [...encoding.specialTokensMask],
    }).toEqual({
      ids: expected.ids,
      tokens: expected.tokens,
      offsets: expected.offsets,
      typeIds: expected.typeIds,
      specialTokensMask: expected.specialTokensMask,
    });
    expect([...tokenizer.encodeWithOffsets(input).ids]).toEqual(plainIds);
    if (typeof input === "string") {
      const whole = tokenizer.encodeWithOffsets(input, { truncation: false, padding: false });
      expect([...tokenizer.encode(input)]).toEqual([...whole.ids]);
    }
    expect(tokenizer.decode(encoding.ids, { skipSpecialTokens: true })).toBe(decoded);
    const stream = tokenizer.decodeStream({ skipSpecialTokens: true });
    const parts = Array.from(encoding.ids, (id) => stream.push(id));
    expect(parts.join("") + stream.end()).toBe(decoded);
  });

  it("is written as Hugging Face wrote it", () => {
    expect(JSON.parse(JSON.stringify(toTokenizerJson(tokenizer)))).toEqual(json);
  });
});

it.each(["Llama 2", "CLIP"])(
  "%s takes a word of a megabyte",
  (title) => {
    const { base, model, definition } = tokenizers.find((tokenizer) => tokenizer.title === title)!;
    const tokenizer = parseTokenizerJson({ ...definition, model: { ...models[base], ...model } });
    const word = "people".repeat(170_000);
    const { offsets } = tokenizer.encodeWithOffsets(word);
    expect(offsets.at(-1)![1]).toBe(word.length);
  },
  60_000,
);
