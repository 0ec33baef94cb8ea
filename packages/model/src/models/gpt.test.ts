import { readFile } from "node:fs/promises";
import { compile, onnxExecutor, setDefaultExecutor, type Tensor, tensor, valueAndGrad } from "@llm/tensor";
import { openSafetensors } from "@llm/tensor/safetensors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModel, namedParameters } from "../checkpoint.ts";
import { generateNaive, TextGenerator } from "../generate.ts";
import type { CausalLanguageModel } from "../model.ts";
import { Gpt } from "./gpt.ts";

const fixture = new URL("../__fixtures__/gpt2/", import.meta.url).pathname;
const executor = onnxExecutor();
let model: CausalLanguageModel;
let expected: Map<string, { shape: readonly number[]; data: ArrayLike<number> }>;

beforeAll(async () => {
  setDefaultExecutor(executor);
  model = await loadModel(fixture);
  await using file = await openSafetensors(`${fixture}expected.safetensors`);
  expected = new Map(
    await Promise.all(file.names.map(async (name) => [name, (await file.read(name)) as never] as const)),
  );
});
afterAll(() => executor.dispose());

function ids(name: string): Tensor {
  const { shape, data } = expected.get(name)!;
  return tensor(Int32Array.from(data, Number), { shape });
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}

async function collect(tokens: AsyncIterable<number>): Promise<number[]> {
  const all: number[] = [];
  for await (const id of tokens) all.push(id);
  return all;
}

describe("GPT-2 against transformers' GPT2LMHeadModel", () => {
  it("gives the same logits", async () => {
    const logits = await model.forward(ids("inputIds")).data();
    expect(largestDifference(logits as Float32Array, expected.get("logits")!.data)).toBeLessThan(1e-4);
  });

  it("gives the same loss and gradients", async () => {
    const step = compile((model: CausalLanguageModel, inputIds: Tensor) =>
      valueAndGrad((model: CausalLanguageModel) =>
        model.forward(inputIds).slice(1, 0, -1).crossEntropy(inputIds.slice(1, 1)),
      )(model),
    );
    const [loss, gradients] = await step(model, ids("inputIds"));
    expect(Math.abs((await loss.item()) - expected.get("loss")!.data[0]!)).toBeLessThan(1e-5);
    for (const [name, gradient] of namedParameters(gradients)) {
      const difference = largestDifference(
        (await gradient.data()) as Float32Array,
        expected.get(`gradient.${name}`)!.data,
      );
      expect(difference, name).toBeLessThan(1e-4);
    }
  });

  it("generates the same tokens, with the cache and without", async () => {
    const prompt = Array.from(expected.get("prompt")!.data, Number);
    const reference = Array.from(expected.get("generated")!.data, Number).slice(prompt.length);
    const options = { maxNewTokens: reference.length, temperature: 0 };
    expect(await collect(new TextGenerator(model).generate(prompt, options))).toEqual(reference);
    expect(await collect(generateNaive(model, prompt, options))).toEqual(reference);
  });
});

it("samples the same tokens with the cache and without, past several growths of the cache", async () => {
  const gpt = new Gpt({
    vocabularySize: 50,
    contextLength: 200,
    layers: 2,
    heads: 2,
    width: 16,
    initializerRange: 0.3,
  });
  const options = { temperature: 0.8, topK: 20, topP: 0.9, seed: 7 };
  const fast = await collect(new TextGenerator(gpt).generate([1, 2, 3], options));
  expect(fast).toHaveLength(197);
  expect(await collect(generateNaive(gpt, [1, 2, 3], options))).toEqual(fast);
});

it("names what a configuration gets wrong", () => {
  const options = { vocabularySize: 8, contextLength: 4, layers: 1, heads: 2, width: 8 };
  expect(() => new Gpt({ ...options, heads: 3 })).toThrow("GPT: width 8 does not divide into 3 heads");
  expect(() => new Gpt({ ...options, layers: 0 })).toThrow("GPT: layers must be a whole number above 0, got 0");
  expect(() => new Gpt({ ...options, residualDropout: 1 })).toThrow(
    "residualDropout must be at least 0 and below 1, got 1",
  );
  const ids = (shape: number[]) => tensor(new Int32Array(5), { shape });
  const gpt = new Gpt(options);
  expect(() => gpt.forward(ids([1, 5]))).toThrow("a sequence of 5 tokens is longer than the context of 4");
  expect(() => gpt.forward(ids([5]))).toThrow("GPT: inputIds must be a tensor int32[batch,sequence], got int32[5]");
  expect(() => gpt.forward(ids([5, 1]).cast("float32"))).toThrow("got float32[5,1]");
  expect(() => gpt.forward(ids([5, 1]), { positionIds: ids([1, 5]) })).toThrow("positionIds must have the shape of");
});

it("keeps config.json as transformers writes it", async () => {
  const json = JSON.parse(await readFile(`${fixture}config.json`, "utf8"));
  const ours = model.toConfigJson();
  for (const [name, value] of Object.entries(ours)) expect(json[name], name).toEqual(value);
});
