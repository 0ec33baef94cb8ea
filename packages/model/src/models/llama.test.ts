import { readFile } from "node:fs/promises";
import { compile, onnxExecutor, setDefaultExecutor, type Tensor, tensor, valueAndGrad } from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { collect, largestDifference, loadFixture } from "../../test/fixture.ts";
import { loadModel, namedParameters } from "../checkpoint.ts";
import { generateNaive, TextGenerator } from "../generate.ts";
import type { RopeScaling } from "../layers/ropeScaling.ts";
import type { CausalLanguageModel } from "../model.ts";
import { Llama } from "./llama.ts";
import type { LlamaOptions } from "./llamaConfig.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
setDefaultExecutor(executor);
afterAll(() => executor.dispose());

const fixture = (name: string) => new URL(`../__fixtures__/${name}/`, import.meta.url).pathname;

/** Llama: llama3 scaling, biases everywhere, heads wider than width / heads. Qwen 3: weights in several files. */
const scaled = ["llama-linear", "llama-dynamic", "llama-yarn", "llama-longrope"];
describe.each(["llama", "qwen2", "qwen3", "mistral", ...scaled])("%s against transformers", async (name) => {
  const model = await loadModel(fixture(name));
  const expected = await loadFixture(`${fixture(name)}expected.safetensors`);

  it("gives the same logits", async () => {
    const logits = await model.forward(expected.ids("inputIds")).data();
    expect(largestDifference(logits as Float32Array, expected.numbers("logits"))).toBeLessThan(1e-4);
  });

  it.skipIf(name.includes("-"))("gives the same loss and gradients", async () => {
    const step = compile((model: CausalLanguageModel, inputIds: Tensor) =>
      valueAndGrad((model: CausalLanguageModel) =>
        model.forward(inputIds).slice(1, 0, -1).crossEntropy(inputIds.slice(1, 1)),
      )(model),
    );
    const [loss, gradients] = await step(model, expected.ids("inputIds"));
    expect(Math.abs((await loss.item()) - expected.numbers("loss")[0]!)).toBeLessThan(1e-5);
    for (const [parameter, gradient] of namedParameters(gradients)) {
      const reference = expected.numbers(`gradient.${parameter}`);
      expect(largestDifference((await gradient.data()) as Float32Array, reference), parameter).toBeLessThan(1e-4);
    }
  });

  it("generates the same tokens, with the cache and without", async () => {
    const prompt = expected.numbers("prompt");
    const reference = expected.numbers("generated").slice(prompt.length);
    const options = { maxNewTokens: reference.length, temperature: 0 };
    expect(await collect(new TextGenerator(model).generate(prompt, options))).toEqual(reference);
    expect(await collect(generateNaive(model, prompt, options))).toEqual(reference);
  });

  it("keeps config.json as transformers writes it", async () => {
    const json = JSON.parse(await readFile(`${fixture(name)}config.json`, "utf8"));
    const known = Object.entries(model.toConfigJson()).filter(([key]) => key in json);
    expect(known.length).toBeGreaterThan(18);
    for (const [key, value] of known) expect(json[key], key).toEqual(value);
  });
});

const small: LlamaOptions = {
  vocabularySize: 50,
  contextLength: 150,
  layers: 3,
  heads: 4,
  keyValueHeads: 2,
  width: 16,
  hiddenWidth: 24,
  initializerRange: 0.3,
};

it.each<[string, Partial<LlamaOptions>]>([
  ["all before it", {}],
  ["a sliding window from the second layer on", { family: "qwen3", slidingWindow: 7, slidingLayers: [1] }],
  ["a sliding window of one position", { family: "mistral", slidingWindow: 1 }],
])("samples the same tokens with the cache and without, past a growth of the cache: %s", async (_, options) => {
  const model = new Llama({ ...small, ...options });
  const sampling = { temperature: 0.8, topK: 20, seed: 7 };
  const fast = await collect(new TextGenerator(model).generate([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], sampling));
  expect(fast).toHaveLength(140);
  expect(await collect(generateNaive(model, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], sampling))).toEqual(fast);
});

it("gives the same gradients with recomputed blocks", async () => {
  const model = new Llama({ ...small, family: "mistral", slidingWindow: 3 });
  const inputIds = tensor(
    Int32Array.from({ length: 24 }, (_, i) => (i * 7) % 50),
    { shape: [2, 12] },
  );
  const gradientsOf = async (recompute: boolean) => {
    const step = compile((model: Llama) =>
      valueAndGrad((model: Llama) =>
        model.forward(inputIds, { recompute }).slice(1, 0, -1).crossEntropy(inputIds.slice(1, 1)),
      )(model),
    );
    const [, gradients] = await step(model);
    return Promise.all([...namedParameters(gradients).values()].map((gradient) => gradient.data()));
  };
  const [plain, recomputed] = [await gradientsOf(false), await gradientsOf(true)];
  for (const [i, gradient] of plain.entries()) {
    expect(largestDifference(gradient as Float32Array, recomputed[i] as Float32Array)).toBeLessThan(1e-6);
  }
});

const longRope = (longFactors: number[]): RopeScaling => ({
  type: "longrope",
  factor: 2,
  originalContextLength: 8,
  shortFactors: [1, 1],
  longFactors,
});

it("names what a configuration gets wrong", () => {
  const cases: [Partial<LlamaOptions>, string][] = [
    [{ keyValueHeads: 3 }, "Llama: 4 heads do not divide into 3 key/value heads"],
    [{ width: 18 }, "Llama: headSize must be a whole number above 0, got 4.5"],
    [{ headSize: 5 }, "Llama: headSize must be even, got 5"],
    [{ layers: 0 }, "Llama: layers must be a whole number above 0, got 0"],
    [{ ropeTheta: -1 }, "Llama: ropeTheta must be a number above 0, got -1"],
    [{ ropeScaling: { type: "linear", factor: 0 } }, "Llama: ropeScaling.factor must be a number above 0, got 0"],
    [{ ropeScaling: longRope([1]) }, "Llama: ropeScaling.longFactors must hold headSize / 2 = 2 numbers, got 1"],
    [{ ropeScaling: longRope([1, -1]) }, "Llama: ropeScaling.longFactors[1] must be a number above 0, got -1"],
    [
      { ropeScaling: { type: "yarn", factor: 4, originalContextLength: 8, betaSlow: 40 } },
      "Llama: ropeScaling.betaSlow 40 must be below betaFast 32",
    ],
    [{ attentionDropout: 1 }, "Llama: attentionDropout must be at least 0 and below 1, got 1"],
    [{ slidingWindow: 8 }, 'Llama: the family "llama" has no slidingWindow (choose another family)'],
    [{ family: "qwen2", attentionBias: "none" }, 'the family "qwen2" has no attentionBias "none"'],
    [{ family: "mistral", slidingLayers: [1], slidingWindow: 4 }, 'the family "mistral" has no slidingLayers'],
    [{ family: "qwen3", slidingLayers: [1] }, "slidingLayers need a slidingWindow"],
    [{ family: "qwen3", slidingLayers: [1, 0], slidingWindow: 4 }, "from 0 and ascending, got [1,0]"],
    [{ family: "gemma" as never }, 'Llama: family "gemma" is not one of llama, qwen2, qwen3, mistral'],
    [{ activation: "tanh" as never }, 'Llama: activation "tanh" is not one of gelu, gelu_new, relu, silu'],
  ];
  for (const [change, text] of cases) expect(() => new Llama({ ...small, ...change })).toThrow(text);
  const long = tensor(new Int32Array(151), { shape: [1, 151] });
  expect(() => new Llama(small).forward(long)).toThrow("a sequence of 151 tokens is longer than the context of 150");
});
