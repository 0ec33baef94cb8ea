// Several texts to a sequence, of which each learns what it would learn alone; and models that are none of ours.
import { type PackedSequence, packSequences, stackSequences } from "@llm/data";
import { Gpt } from "@llm/model";
import { compile, embedding, referenceExecutor, setDefaultExecutor, type Tensor, tensor } from "@llm/tensor";
import { expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../../test/memoryBatches.ts";
import { Trainer } from "../trainer.ts";
import { causalLanguageModel } from "./causalLanguageModel.ts";
import type { DecoderModel } from "./decoderModel.ts";

setDefaultExecutor(referenceExecutor());

/** The logits of the next token by the last one alone. */
class Bigrams implements DecoderModel {
  readonly config = { vocabularySize: 11, contextLength: 8 };
  readonly table = tensor(new Float32Array(121), { shape: [11, 11] });

  forward(inputIds: Tensor): Tensor {
    return embedding(this.table, inputIds);
  }

  toConfigJson() {
    return { model_type: "bigrams" };
  }
}

it("trains a model that has a forward and its sizes alone", async () => {
  const data = memoryBatches(countingBatches(5));
  const trainer = new Trainer({ model: new Bigrams(), data, steps: 40, learningRate: 0.3, progress: false });
  expect((await trainer.run()).loss).toBeLessThan(0.3);
  expect(trainer.model.table.shape).toEqual([11, 11]);
  const wrong = {
    config: { vocabularySize: 11 },
    forward: () => {},
    toConfigJson: () => ({}),
    table: trainer.model.table,
  };
  expect(() => new Trainer({ model: wrong as never, data, steps: 1 })).toThrow(
    "one of your own with config.vocabularySize",
  );
});

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
