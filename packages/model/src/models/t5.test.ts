import { compile, onnxExecutor, setDefaultExecutor, type Tensor, tensor, valueAndGrad } from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { largestDifference, loadFixture } from "../../test/fixture.ts";
import { loadModel, namedParameters } from "../checkpoint.ts";
import { emptyCache, type KeyValueCache } from "../keyValueCache.ts";
import type { EncoderMemory } from "../model.ts";
import { T5 } from "./t5.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
setDefaultExecutor(executor);
afterAll(() => executor.dispose());

const fixture = (name: string) => new URL(`../__fixtures__/${name}/`, import.meta.url).pathname;

/** Greedy decoding by the model's cached step, the end-of-text token left out as in the fixture. */
async function greedy(model: T5, inputIds: Tensor, attentionMask: Tensor, count: number): Promise<number[][]> {
  const [batch] = inputIds.shape as [number];
  const read = compile((model: T5, ids: Tensor, mask: Tensor) =>
    model.memoryOf(model.encode(ids, { attentionMask: mask }), mask),
  );
  const step = compile(
    (model: T5, ids: Tensor, cache: KeyValueCache, memory: EncoderMemory) =>
      model.forwardCached(ids, cache, { memory }),
    { donate: [2] },
  );
  const memory = await read(model, inputIds, attentionMask);
  let cache = emptyCache(model.config, batch, count + 1);
  const rows: number[][] = Array.from({ length: batch }, () => [model.config.decoderStartId]);
  for (let made = 0; made < count; made++) {
    const ids = tensor(
      Int32Array.from(rows, (row) => row.at(-1)!),
      { shape: [batch, 1] },
    );
    const result = await step(model, ids, cache, memory);
    cache = result.cache;
    const logits = (await result.logits.data()) as Float32Array;
    const size = model.config.vocabularySize;
    for (const [i, row] of rows.entries()) {
      const own = logits.slice(i * size, (i + 1) * size);
      own[model.config.endOfTextId!] = -Infinity;
      row.push(own.indexOf(Math.max(...own)));
    }
  }
  return rows;
}

describe.each(["t5", "t5-gated"])("%s against transformers", async (name) => {
  const model = await loadModel(fixture(name), T5);
  const expected = await loadFixture(`${fixture(name)}expected.safetensors`);
  const inputIds = expected.ids("inputIds");
  const attentionMask = expected.ids("attentionMask");

  it("gives the same states of the encoder and the same logits", async () => {
    const states = await model.encode(inputIds, { attentionMask }).data();
    expect(largestDifference(states as Float32Array, expected.numbers("states"))).toBeLessThan(1e-4);
    const decoderInputIds = expected.ids("decoderInputIds");
    const logits = await model.forward(inputIds, { attentionMask, decoderInputIds }).data();
    expect(largestDifference(logits as Float32Array, expected.numbers("logits"))).toBeLessThan(1e-4);
  });

  it("shifts labels to what the decoder reads", async () => {
    expect([...(await model.shiftRight(expected.ids("labels")).data())]).toEqual(expected.numbers("decoderInputIds"));
  });

  it.each([false, true])("gives the same loss and gradients (recomputed: %s)", async (recompute) => {
    const labels = expected.ids("labels");
    const step = compile((model: T5) =>
      valueAndGrad((model: T5) =>
        model
          .forward(inputIds, { attentionMask, decoderInputIds: model.shiftRight(labels), recompute })
          .crossEntropy(labels),
      )(model),
    );
    const [loss, gradients] = await step(model);
    expect(Math.abs((await loss.item()) - expected.numbers("loss")[0]!)).toBeLessThan(1e-5);
    const named = namedParameters(gradients);
    expect(named.size).toBe(namedParameters(model).size);
    for (const [parameter, gradient] of named) {
      const reference = expected.numbers(`gradient.${parameter}`);
      expect(largestDifference((await gradient.data()) as Float32Array, reference), parameter).toBeLessThan(1e-4);
    }
  });

  it("decodes the same tokens with a cache", async () => {
    const rows = await greedy(model, inputIds, attentionMask, 12);
    expect(rows.flat()).toEqual(expected.numbers("generated"));
  });
});
