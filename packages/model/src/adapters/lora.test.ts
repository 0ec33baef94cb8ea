import {
  compile,
  type Executor,
  isFloat,
  mapTensors,
  onnxExecutor,
  RandomKey,
  setDefaultExecutor,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { largestDifference } from "../../test/fixture.ts";
import { loadModel, namedParameters, parameterBytes, parameterCount } from "../checkpoint.ts";
import { QuantizedLinear } from "../layers/quantizedLinear.ts";
import { TransposedLinear } from "../layers/transposedLinear.ts";
import type { CausalLanguageModel, ForwardOptions } from "../model.ts";
import { Gpt } from "../models/gpt.ts";
import { Llama } from "../models/llama.ts";
import { T5 } from "../models/t5.ts";
import { replaceLinears } from "../quantization.ts";
import { adapterConfig, isAdapterParameter } from "./adapterConfig.ts";
import { applyIa3 } from "./ia3.ts";
import { applyLora, type LoraOptions } from "./lora.ts";
import { mergeAdapter } from "./mergeAdapter.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
setDefaultExecutor(executor);
afterAll(() => executor.dispose());

const size = { vocabularySize: 40, contextLength: 16, layers: 2, heads: 2, width: 16 };
const gpt = new Gpt({ ...size, initializerRange: 0.2 });
const llama = new Llama({ ...size, keyValueHeads: 1, hiddenWidth: 24, initializerRange: 0.2 });
const inputIds = tensor(
  Int32Array.from({ length: 20 }, (_, i) => (i * 7) % 40),
  { shape: [2, 10] },
);

async function logits(model: CausalLanguageModel, options?: ForwardOptions): Promise<Float32Array> {
  return (await model.forward(inputIds, options).data()) as Float32Array;
}

function trainedNames(model: CausalLanguageModel): string[] {
  return [...namedParameters(model).keys()].filter(isAdapterParameter);
}

/** The mean loss, and the model after a step of gradient descent on the adapter alone. */
function descend(model: CausalLanguageModel, options: ForwardOptions): [Tensor, CausalLanguageModel] {
  const [loss, gradients] = valueAndGrad((model: CausalLanguageModel) =>
    model.forward(inputIds, options).slice(1, 0, -1).crossEntropy(inputIds.slice(1, 1)),
  )(model);
  const found = namedParameters(gradients);
  const next = mapTensors(model, (parameter, name) =>
    isAdapterParameter(name) ? parameter.sub(found.get(name)!.mul(0.5)) : parameter,
  );
  return [loss as Tensor, next];
}

async function train(model: CausalLanguageModel, steps: number, on: Executor = executor): Promise<number[]> {
  using step = compile((model: CausalLanguageModel, key: RandomKey) => descend(model, { key }), { executor: on });
  const losses: number[] = [];
  let current = model;
  for (let i = 0; i < steps; i++) {
    const [loss, next] = await step(current, RandomKey.from(1, i));
    losses.push(await loss.item());
    current = next;
  }
  return losses;
}

/** Weights as whole numbers, with one scale each: enough of a quantised model for these tests. */
function quantized<M extends CausalLanguageModel>(model: M, weights: ReadonlyMap<string, Float32Array>): M {
  return replaceLinears(model, (layer, path) => {
    const [inputs, outputs] = layer.size;
    const stored = weights.get(`${path}.weight`)!;
    const isTransposed = layer instanceof TransposedLinear;
    const values = Int8Array.from(stored, (_, i) => {
      const [row, column] = [Math.floor(i / outputs), i % outputs];
      return Math.round(64 * Math.max(-1, Math.min(1, stored[isTransposed ? column * inputs + row : i]!)));
    });
    const scale = tensor(new Float32Array(outputs).fill(1 / 64));
    return new QuantizedLinear(tensor(values, { shape: [inputs, outputs] }), scale, layer.bias);
  });
}

describe.each([
  ["a GPT", gpt],
  ["a Llama", llama],
] as const)("LoRA on %s", (_, model) => {
  it("changes nothing at first, shares the base's parameters and has few of its own", async () => {
    const adapted = await applyLora<CausalLanguageModel>(model, { rank: 2 });
    expect(largestDifference(await logits(adapted), await logits(model))).toBe(0);
    expect(adapterConfig(adapted)).toEqual({
      kind: "lora",
      rank: 2,
      alpha: 4,
      dropout: 0,
      useRsLora: false,
      useDora: false,
    });
    expect(adapterConfig(model)).toBeUndefined();
    const shared = new Set(namedParameters(model).values());
    for (const [name, parameter] of namedParameters(adapted)) {
      expect(shared.has(parameter), name).toBe(!isAdapterParameter(name));
    }
    expect(parameterCount(adapted) - parameterCount(model)).toBeLessThan(parameterCount(model) / 3);
  });

  it.each<LoraOptions>([{}, { useDora: true }, { useRsLora: true }, { dropout: 0.2 }])(
    "learns by its own parameters alone: %o",
    async (options) => {
      const adapted = await applyLora<CausalLanguageModel>(model, { rank: 4, ...options });
      const losses = await train(adapted, 12);
      expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.3);
    },
  );

  it("draws its dropout from the forward's key, the same with recomputed blocks", async () => {
    const adapted = await applyLora<CausalLanguageModel>(model, { rank: 4, dropout: 0.5 });
    const trained = mapTensors(adapted, (parameter, name) =>
      name.endsWith("lora_B.weight") ? ones(parameter) : parameter,
    );
    const key = RandomKey.from(3);
    const [without, once, again] = [
      await logits(trained),
      await logits(trained, { key }),
      await logits(trained, { key }),
    ];
    expect(largestDifference(once, again)).toBe(0);
    expect(largestDifference(once, without)).toBeGreaterThan(0.01);
    expect(largestDifference(once, await logits(trained, { key: RandomKey.from(4) }))).toBeGreaterThan(0.01);
    const gradientsOf = async (recompute: boolean) => {
      using step = compile((model: CausalLanguageModel, key: RandomKey) => descend(model, { key, recompute })[1]);
      const next = await step(trained, key);
      return Promise.all(trainedNames(next).map((name) => namedParameters(next).get(name)!.data()));
    };
    const [plain, recomputed] = [await gradientsOf(false), await gradientsOf(true)];
    for (const [i, gradient] of plain.entries()) {
      expect(largestDifference(gradient as Float32Array, recomputed[i] as Float32Array)).toBeLessThan(1e-5);
    }
  });

  it("learns on a quantised base, which stays in bytes", async () => {
    const weights = new Map<string, Float32Array>();
    for (const [name, parameter] of namedParameters(model)) weights.set(name, (await parameter.data()) as Float32Array);
    const base = quantized<CausalLanguageModel>(model, weights);
    const adapted = await applyLora(base, { rank: 4 });
    expect(parameterBytes(adapted)).toBeLessThan(0.75 * parameterBytes(await applyLora(model, { rank: 4 })));
    expect([...namedParameters(adapted)].filter(([, { dtype }]) => !isFloat(dtype)).length).toBeGreaterThan(7);
    const losses = await train(adapted, 12);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.3);
    await expect(mergeAdapter(adapted)).rejects.toThrow("adapter: merging needs float weights, the model is quantised");
    await expect(applyLora(base, { useDora: true })).rejects.toThrow("useDora needs float weights");
  });
});

function ones(like: Tensor): Tensor {
  const shape = like.shape as readonly number[];
  return tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), { shape });
}

it("finds the forward's key behind the inputs of an encoder-decoder", async () => {
  const model = new T5({ vocabularySize: 40, layers: 1, heads: 2, headSize: 8, width: 16 });
  const adapted = mapTensors(await applyLora(model, { dropout: 0.5 }), (parameter, name) =>
    name.endsWith("lora_B.weight") ? ones(parameter) : parameter,
  );
  const run = async (key?: RandomKey) => {
    const options = { decoderInputIds: inputIds, ...(key ? { key } : {}) };
    return (await adapted.forward(inputIds, options).data()) as Float32Array;
  };
  const key = RandomKey.from(3);
  expect(largestDifference(await run(key), await run(key))).toBe(0);
  expect(largestDifference(await run(key), await run())).toBeGreaterThan(0.01);
});

it("draws A by seed and name", async () => {
  const first = async (seed: number) => {
    const adapted = await applyLora(gpt, { rank: 2, seed });
    return (await namedParameters(adapted).get(trainedNames(adapted)[0]!)!.data()) as Float32Array;
  };
  expect(await first(1)).toEqual(await first(1));
  expect(await first(1)).not.toEqual(await first(2));
  expect(Math.max(...(await first(1)).map(Math.abs))).toBeLessThanOrEqual(1 / 4);
});

it("finds targets by name, by the end of a path, by an expression and, by default, in all blocks", async () => {
  const chosen = async (targets?: LoraOptions["targets"]) =>
    trainedNames(await applyLora(llama, targets ? { targets } : {}))
      .filter((name) => name.endsWith("lora_A.weight"))
      .map((name) => name.replace(/^model\.layers\.|\.lora_A\.weight$/g, ""));
  expect(await chosen(["q_proj", "mlp.down_proj"])).toEqual([
    "0.self_attn.q_proj",
    "0.mlp.down_proj",
    "1.self_attn.q_proj",
    "1.mlp.down_proj",
  ]);
  expect(await chosen(["model.layers.1.mlp.up_proj"])).toEqual(["1.mlp.up_proj"]);
  expect(await chosen(/.*1\.self_attn\.[qv]_proj/)).toEqual(["1.self_attn.q_proj", "1.self_attn.v_proj"]);
  expect(await chosen()).toHaveLength(14);
});

it("adapts a model without elements, to count what would be trained", async () => {
  const large = new Llama(
    { ...size, width: 4096, heads: 32, hiddenWidth: 11_008, layers: 1, vocabularySize: 32_000 },
    { initialization: "empty" },
  );
  const adapted = await applyLora(large, { rank: 16, targets: ["q_proj", "v_proj"] });
  expect(parameterCount(adapted) - parameterCount(large)).toBe(2 * 16 * (4096 + 4096));
});

it("goes to embeddings that are named, changes nothing at first, and learns", async () => {
  for (const [model, targets] of [
    [gpt, ["wte", "wpe"]],
    [llama, ["embed_tokens"]],
  ] as const) {
    const adapted = await applyLora(model as CausalLanguageModel, { rank: 2, targets });
    expect(trainedNames(adapted)).toHaveLength(2 * targets.length);
    expect(await logits(adapted)).toEqual(await logits(model));
    const positionIds = tensor(
      Int32Array.from({ length: 20 }, (_, i) => i % 10),
      { shape: [2, 10] },
    );
    const losses = await train(adapted, 8);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.05);
    const [, once] = descend(adapted, {});
    expect(largestDifference(await logits(once, { positionIds }), await logits(once))).toBeLessThan(1e-5);
  }
});

it("names what cannot be adapted", async () => {
  const cases: [LoraOptions, string][] = [
    [{ rank: 0 }, "applyLora: rank must be a whole number above 0, got 0"],
    [{ alpha: Number.NaN }, "applyLora: alpha must be a number above 0, got NaN"],
    [{ dropout: 1 }, "applyLora: dropout must be at least 0 and below 1, got 1"],
    [{ targets: ["c_attn", "q_proj"] }, "applyLora: no layer matches q_proj; there are c_attn, c_fc, c_proj, wpe, wte"],
    [{ targets: /x/ }, "applyLora: no layer matches /x/"],
    [{ targets: ["lm_head"] }, "applyLora: no layer matches lm_head"],
    [{ targets: ["wte"], useDora: true }, "applyLora: useDora is for linear layers, transformer.wte is an embedding"],
    [{ modulesToSave: ["c_fc"] }, "transformer.h.0.mlp.c_fc is in targets and in modulesToSave"],
    [{ modulesToSave: ["score"] }, "applyLora: modulesToSave must name layers in float, score is none"],
    [{ targets: ["c_attn"], modulesToSave: ["wte"] }, "applyLora: transformer.wte is the output layer as well"],
  ];
  for (const [options, text] of cases) await expect(applyLora(gpt, options)).rejects.toThrow(text);
  await expect(applyLora(await applyLora(gpt))).rejects.toThrow("applyLora: the model has an adapter already");
  const twice = { targets: ["c_attn"], feedForwardTargets: ["attn.c_attn"] };
  expect(() => applyIa3(gpt, twice)).toThrow("transformer.h.0.attn.c_attn is in targets and in feedForwardTargets");
});

it("merges a magnitude into the weights: the same logits", async () => {
  const base = await loadModel(new URL("../__fixtures__/gpt2/", import.meta.url).pathname);
  const adapted = await applyLora(base, { rank: 4, useDora: true });
  const trained = mapTensors(adapted, (parameter, name) =>
    name.endsWith("lora_B.weight") ? ones(parameter) : parameter,
  );
  const merged = await mergeAdapter(trained);
  expect(largestDifference(await logits(merged), await logits(trained))).toBeLessThan(1e-4);
});
