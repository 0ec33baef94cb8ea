import { readFile } from "node:fs/promises";
import { compile, onnxExecutor, RandomKey, setDefaultExecutor, tensor, valueAndGrad } from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { largestDifference, loadFixture } from "../../test/fixture.ts";
import { loadModel, namedParameters } from "../checkpoint.ts";
import { TextGenerator } from "../generate.ts";
import { emptyCache } from "../keyValueCache.ts";
import { T5 } from "./t5.ts";
import type { T5Options } from "./t5Config.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
setDefaultExecutor(executor);
afterAll(() => executor.dispose());

const fixture = (name: string) => new URL(`../__fixtures__/${name}/`, import.meta.url).pathname;

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

  it.each([true, false])("generates the same tokens (cache: %s)", async (cache) => {
    const ids = expected.numbers("prompts");
    const generator = new TextGenerator(model, { cache });
    const options = { temperature: 0, maxNewTokens: 12 };
    const generated = await generator.generateBatch([ids.slice(0, 11), ids.slice(11, 18)], options);
    generator.dispose();
    const rows = generated.map((sequence) => [model.config.decoderStartId, ...sequence.ids]);
    expect(rows.flat()).toEqual(expected.numbers("generated"));
  });

  it("keeps config.json as transformers writes it", async () => {
    const json = JSON.parse(await readFile(`${fixture(name)}config.json`, "utf8"));
    const written = model.toConfigJson();
    // transformers 5 calls each T5 tied; what it reads from older files, as from ours, says whether it is.
    expect(written.tie_word_embeddings).toBe(name === "t5");
    const known = Object.entries(written).filter(([key]) => key in json && key !== "tie_word_embeddings");
    expect(known.length).toBeGreaterThan(18);
    for (const [key, value] of known) expect(json[key], key).toEqual(value);
  });
});

const small: T5Options = { vocabularySize: 20, layers: 2, encoderLayers: 1, heads: 2, headSize: 4, width: 8 };
const inputIds = tensor([[5, 6, 7, 8]], { dtype: "int32" });
const decoderInputIds = tensor([[0, 9, 10]], { dtype: "int32" });

it("gives the last logits of several new positions at once, with and without positions in the cache", async () => {
  const model = new T5(small, { seed: 1 });
  const logits = (await model.forward(inputIds, { decoderInputIds }).data()) as Float32Array;
  const memory = model.memoryOf(model.encode(inputIds));
  const first = model.forwardCached(decoderInputIds.slice(1, 0, 2), emptyCache(model.config, 1, 5), { memory });
  expect(largestDifference((await first.logits.data()) as Float32Array, logits.slice(20, 40))).toBeLessThan(1e-5);
  const second = model.forwardCached(decoderInputIds.slice(1, 2), first.cache, { memory });
  expect(largestDifference((await second.logits.data()) as Float32Array, logits.slice(40, 60))).toBeLessThan(1e-5);
  expect(await second.cache.length.item()).toBe(3);
});

it("drops only with a key, the same for the same key, also where blocks are recomputed", async () => {
  const model = new T5({ ...small, dropout: 0.3 });
  const run = async (options: { key?: RandomKey; recompute?: boolean }) =>
    model.forward(inputIds, { decoderInputIds, ...options }).data();
  const key = (seed: number) => ({ key: RandomKey.from(seed) });
  expect(await run({})).toEqual(await run({}));
  expect(await run(key(1))).toEqual(await run({ ...key(1), recompute: true }));
  expect(await run(key(1))).not.toEqual(await run(key(2)));
  expect(await run(key(1))).not.toEqual(await run({}));
});

it("reads padding as if it were not there", async () => {
  const model = new T5(small, { seed: 2 });
  const attentionMask = tensor([[1, 1, 1, 0]], { dtype: "int32" });
  const padded = await model.forward(inputIds, { attentionMask, decoderInputIds }).data();
  const short = await model.forward(inputIds.slice(1, 0, 3), { decoderInputIds }).data();
  expect(largestDifference(padded as Float32Array, short as Float32Array)).toBeLessThan(1e-5);
});

it("names inputs that do not go together", () => {
  const model = new T5(small);
  const attentionMask = tensor([[1, 1, 1]], { dtype: "int32" });
  expect(() => model.forward(inputIds, { decoderInputIds, attentionMask })).toThrow(
    "T5: attentionMask must have the shape of inputIds [1,4], got [1,3]",
  );
  const two = tensor([[0], [0]], { dtype: "int32" });
  expect(() => model.forward(inputIds, { decoderInputIds: two })).toThrow(
    "T5: inputIds hold 1 sequences and decoderInputIds 2 (one for each)",
  );
  expect(() => model.forwardCached(decoderInputIds, emptyCache(model.config, 1, 5))).toThrow(
    "T5: the decoder needs the encoder's memory (pass { memory: model.memoryOf(…) })",
  );
});
