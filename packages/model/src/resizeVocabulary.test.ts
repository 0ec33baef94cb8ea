import { referenceExecutor, setDefaultExecutor, type Tensor } from "@llm/tensor";
import { expect, it } from "vitest";
import { type Fixture, largestDifference, loadFixture } from "../test/fixture.ts";
import { applyLora } from "./adapters/lora.ts";
import { loadModel, namedParameters } from "./checkpoint.ts";
import type { PretrainedModel } from "./model.ts";
import { BertForMaskedLM } from "./models/bertHeads.ts";
import { Gpt } from "./models/gpt.ts";
import { T5 } from "./models/t5.ts";
import { resizeVocabulary } from "./resizeVocabulary.ts";

setDefaultExecutor(referenceExecutor());

interface Model extends PretrainedModel {
  readonly config: { readonly vocabularySize: number };
  forward(inputIds: Tensor, options?: object): Tensor;
}

const fixture = (name: string) => new URL(`./__fixtures__/${name}`, import.meta.url).pathname;
const expected: Fixture = await loadFixture(fixture("resizedVocabulary.safetensors"));
const loaded: Readonly<Record<string, () => Promise<Model>>> = {
  gpt2: () => loadModel(fixture("gpt2")),
  llama: () => loadModel(fixture("llama")),
  "bert-masked": () => loadModel(fixture("bert-masked"), BertForMaskedLM),
  t5: () => loadModel(fixture("t5"), T5) as Promise<Model>,
};

it.each([
  ["gpt2", 99],
  ["gpt2", 93],
  ["llama", 67],
  ["llama", 61],
  ["bert-masked", 43],
  ["bert-masked", 37],
  ["t5", 43],
  ["t5", 37],
])("gives %s %i tokens as transformers does", async (name, size) => {
  const model = await loaded[name]!();
  const before = model.config.vocabularySize;
  const resized = await resizeVocabulary(model, size);
  expect([model.config.vocabularySize, resized.config.vocabularySize]).toEqual([before, size]);
  expect(resized.toConfigJson()).toEqual({ ...model.toConfigJson(), vocab_size: size });
  const ids = expected.ids(`inputIds.${name}.${size}`);
  const logits = await resized.forward(ids, name === "t5" ? { decoderInputIds: ids } : {}).data();
  expect(largestDifference(logits as Float32Array, expected.numbers(`logits.${name}.${size}`))).toBeLessThan(1e-5);
});

it("changes the tables of tokens alone, also where other sizes are the same", async () => {
  const model = new Gpt({ vocabularySize: 8, contextLength: 8, layers: 1, heads: 1, width: 8, hiddenWidth: 8 });
  const [before, after] = [namedParameters(model), namedParameters(await resizeVocabulary(model, 9))];
  expect([...after.keys()]).toEqual([...before.keys()]);
  const changed = [...after].filter(([name, parameter]) => parameter !== before.get(name));
  expect(changed.map(([name, { shape }]) => [name, shape])).toEqual([["transformer.wte.weight", [9, 8]]]);
});

it("names what cannot be", async () => {
  const model = new Gpt({ vocabularySize: 8, contextLength: 4, layers: 1, heads: 1, width: 4 });
  await expect(resizeVocabulary(model, 0)).rejects.toThrow("GPT: vocabularySize must be a whole number above 0, got 0");
  await expect(resizeVocabulary(await applyLora(model), 9)).rejects.toThrow(
    "resizeVocabulary: the model has an adapter",
  );
});
