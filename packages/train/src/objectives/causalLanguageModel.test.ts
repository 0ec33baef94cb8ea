// Several texts to a sequence: what each learns is what it would learn alone.
import { type PackedSequence, packSequences, stackSequences } from "@llm/data";
import { Gpt } from "@llm/model";
import { compile, referenceExecutor, setDefaultExecutor } from "@llm/tensor";
import { expect, it } from "vitest";
import { causalLanguageModel } from "./causalLanguageModel.ts";

setDefaultExecutor(referenceExecutor());

it("learns packed texts as if each came alone", async () => {
  const model = new Gpt({
    vocabularySize: 13,
    contextLength: 12,
    layers: 1,
    heads: 2,
    width: 8,
    initializerRange: 0.3,
  });
  const texts = [
    [1, 5, 2, 8, 3],
    [4, 4, 9, 1],
    [7, 2, 11],
  ].map((inputIds) => ({ inputIds }));
  const lossOf = async (packed: typeof texts) => {
    const sequences: PackedSequence[] = [];
    for await (const sequence of packSequences(packed, { sequenceLength: 12 })) sequences.push(sequence);
    const { inputs } = causalLanguageModel.prepare(stackSequences(sequences), model, { seed: 0, place: "0" });
    const { sum, count } = await compile((m: Gpt, batch: typeof inputs) => causalLanguageModel.loss(m, batch))(
      model,
      inputs,
    );
    return { sum: await sum.item(), count: await count.item() };
  };
  const together = await lossOf(texts);
  const alone = await Promise.all(texts.map((text) => lossOf([text])));
  expect(together.count).toBe(alone.reduce((total, { count }) => total + count, 0));
  expect(together.count).toBe(9);
  expect(together.sum).toBeCloseTo(
    alone.reduce((total, { sum }) => total + sum, 0),
    5,
  );
});
