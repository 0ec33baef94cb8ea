// A small random GPT with a tokenizer trained on the spot: what the tests serve.
import { type CausalLanguageModel, Gpt, type GptOptions } from "@llm/model";
import { mapTensors, tensor } from "@llm/tensor";
import { trainByteLevelBpe } from "@llm/tokenizer";
import type { ServedModel } from "../src/servedModel.ts";

const texts = ["the cat sat on the mat and the dog sat on the log", "naïve café, 東京 and 😀 emoji 😀"];

/** Its weights spread wide enough that it does not repeat itself, and most of its bytes form no whole character. */
export async function tinyServed(options: Partial<GptOptions> = {}): Promise<ServedModel> {
  const tokenizer = await trainByteLevelBpe(texts, { vocabularySize: 300, specialTokens: ["<|endoftext|>"] });
  const model = new Gpt(
    {
      // Rounded up, as published models do: some ids stand for no token.
      vocabularySize: tokenizer.vocabularySize + 4,
      contextLength: 64,
      layers: 2,
      heads: 2,
      width: 16,
      initializerRange: 0.5,
      ...options,
    },
    { seed: 7 },
  );
  return { model, tokenizer, name: "tiny" };
}

/**
 * The same with another reading of the tokens: for each text, `reader` makes a function from the model's id to the id that the
 * real decoder then turns into text.
 */
export function withReader(served: ServedModel, reader: () => (id: number) => number): ServedModel {
  const { tokenizer } = served;
  const decodeStream: typeof tokenizer.decodeStream = (options) => {
    const stream = tokenizer.decodeStream(options);
    const read = reader();
    return { push: (id) => stream.push(read(id)), end: () => stream.end() };
  };
  const replaced: typeof tokenizer = {
    vocabularySize: served.model.config.vocabularySize,
    specialTokens: tokenizer.specialTokens,
    encode: (text, options) => tokenizer.encode(text, options),
    encodeBatch: (texts, options) => tokenizer.encodeBatch(texts, options),
    decode: (ids, options) => tokenizer.decode(ids, options),
    decodeStream,
    tokenToId: (token) => tokenizer.tokenToId(token),
    idToToken: (id) => tokenizer.idToToken(id),
  };
  return { ...served, tokenizer: replaced };
}

/** The model with NaN in every weight, as after a training that diverged. */
export function damaged<M extends CausalLanguageModel>(model: M): M {
  return mapTensors(model, ({ shape }) => {
    const sizes = shape as readonly number[];
    return tensor(new Float32Array(sizes.reduce((a, b) => a * b, 1)).fill(Number.NaN), { shape: sizes });
  });
}

/** Waits until `holds`; the test's own time limit ends a wait that would last forever. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2));
}
