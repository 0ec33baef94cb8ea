import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  fromNumbers,
  hostRandomNormal,
  referenceExecutor,
  setDefaultExecutor,
  type Tensor,
  tensor,
  toNumbers,
} from "@llm/tensor";
import { type NamedArray, openSafetensors, writeSafetensors } from "@llm/tensor/safetensors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadModel, loadWeights, namedParameters, parameterBytes, saveModel } from "./checkpoint.ts";
import { ModelError } from "./errors.ts";
import { QuantizedLinear } from "./layers/quantizedLinear.ts";
import type { CausalLanguageModel } from "./model.ts";
import { Gpt } from "./models/gpt.ts";
import { Llama } from "./models/llama.ts";
import { replaceLinears } from "./quantization.ts";

setDefaultExecutor(referenceExecutor());
const options = { vocabularySize: 30, contextLength: 8, layers: 2, heads: 2, width: 8 };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-model-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function contents(model: CausalLanguageModel): Promise<Record<string, unknown>> {
  const entries = [...namedParameters(model)].map(async ([name, parameter]) => [name, await parameter.data()] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function readArrays(): Promise<[string, NamedArray][]> {
  await using file = await openSafetensors(join(folder, "model.safetensors"));
  return Promise.all(file.names.map(async (name) => [name, await file.read(name)] as [string, NamedArray]));
}

/** Writes the saved weights again, changed. */
async function rewrite(change: (name: string, array: NamedArray) => [string, NamedArray][]): Promise<void> {
  const arrays = await readArrays();
  await writeSafetensors(
    join(folder, "model.safetensors"),
    arrays.flatMap(([name, array]) => change(name, array)),
  );
}

async function rewriteConfig(change: Record<string, unknown>): Promise<void> {
  const path = join(folder, "config.json");
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), ...change }));
}

async function failure(): Promise<Error> {
  return loadModel(folder).then(
    () => expect.unreachable("the folder should not load"),
    (error: Error) => error,
  );
}

function quantized(model: Gpt): Gpt {
  return replaceLinears(model, ({ weight, bias }, path) => {
    const [inputs, outputs] = weight.shape as [number, number];
    const numbers = hostRandomNormal(1, path, inputs * outputs, 40);
    const scale = hostRandomNormal(1, `${path} scale`, outputs, 0.01);
    return new QuantizedLinear(tensor(Int8Array.from(numbers), { shape: [inputs, outputs] }), tensor(scale), bias);
  });
}

describe("saveModel and loadModel", () => {
  it.each([true, false])("give back equal parameters and configuration (tied: %s)", async (tiedEmbeddings) => {
    const model = new Gpt(
      { ...options, tiedEmbeddings, hiddenWidth: 12, activation: "relu", endOfTextId: 29 },
      { seed: 5 },
    );
    await saveModel(model, folder);
    const loaded = await loadModel(folder);
    expect(await contents(loaded)).toEqual(await contents(model));
    expect(loaded.config).toEqual({ ...model.config, beginOfTextId: undefined });
    expect(namedParameters(loaded).has("lm_head.weight")).toBe(!tiedEmbeddings);
    expect(await readdir(folder)).toEqual(["config.json", "generation_config.json", "model.safetensors"]);
  });

  it("open with the class of the model, too, and not with another one", async () => {
    const model = new Gpt(options, { seed: 3 });
    await saveModel(model, folder);
    expect(await contents(await loadModel(folder, Gpt))).toEqual(await contents(model));
    await expect(loadModel(folder, Llama)).rejects.toThrow('model_type "gpt2" is no model of the Llama family');
    const llama = new Llama({ ...options, keyValueHeads: 1, hiddenWidth: 12, family: "qwen2" }, { seed: 4 });
    await saveModel(llama, folder);
    expect((await loadModel(folder, Llama)).config.family).toBe("qwen2");
    await expect(loadModel(folder, Gpt)).rejects.toThrow('model_type "qwen2" is no GPT-2');
  });

  it("write the same bytes from a model that was loaded", async () => {
    await saveModel(new Gpt(options), folder);
    const again = join(folder, "again");
    await saveModel(await loadModel(folder), again);
    for (const file of await readdir(again))
      expect(await readFile(join(again, file))).toEqual(await readFile(join(folder, file)));
  });

  it("keep int8 layers, and say so in config.json", async () => {
    const model = quantized(new Gpt(options));
    await saveModel(model, folder);
    expect(JSON.parse(await readFile(join(folder, "config.json"), "utf8")).quantization_config).toEqual({
      quant_method: "int8-dynamic",
    });
    const loaded = await loadModel(folder);
    expect(await contents(loaded)).toEqual(await contents(model));
    expect(parameterBytes(loaded)).toBe(parameterBytes(model));
    const ids = tensor(Int32Array.of(1, 2, 3), { shape: [1, 3] });
    expect(await loaded.forward(ids).data()).toEqual(await model.forward(ids).data());
  });

  it("replace a folder's model by a smaller one", async () => {
    await saveModel(new Gpt(options), folder);
    const small = new Gpt({ ...options, layers: 1 });
    await saveModel(small, folder);
    expect(await contents(await loadModel(folder))).toEqual(await contents(small));
  });

  it("leave the old file and nothing else when a parameter cannot be read", async () => {
    await saveModel(new Gpt(options), folder);
    const before = await readFile(join(folder, "model.safetensors"));
    const damaged = new Gpt(options, { seed: 1 });
    damaged.transformer.ln_f.weight.dispose();
    await expect(saveModel(damaged, folder)).rejects.toThrow("was disposed");
    expect(await readFile(join(folder, "model.safetensors"))).toEqual(before);
    expect(await readdir(folder)).toHaveLength(3);
  });
});

it("fills a model of the caller's with a folder's weights and leaves the caller's own as it was", async () => {
  const saved = new Gpt(options, { seed: 8 });
  await saveModel(saved, folder);
  const other = new Gpt(options, { seed: 9 });
  const before = await contents(other);
  expect(await contents(await loadWeights(other, folder))).toEqual(await contents(saved));
  expect(await contents(other)).toEqual(before);
});

describe("loadModel", () => {
  beforeEach(() => saveModel(new Gpt(options, { seed: 2 }), folder));

  it.each(["float16", "bfloat16"] as const)("widens weights stored as %s", async (dtype) => {
    const rounded = new Map<string, unknown>();
    await rewrite((name, { shape, data }) => {
      const narrow = fromNumbers(dtype, data as Float32Array);
      rounded.set(name, fromNumbers("float32", toNumbers(dtype, narrow)));
      return [[name, { dtype, shape, data: narrow }]];
    });
    const loaded = await loadModel(folder);
    expect(await contents(loaded)).toEqual(Object.fromEntries(rounded));
    expect([...namedParameters(loaded).values()].every((parameter: Tensor) => parameter.dtype === "float32")).toBe(
      true,
    );
  });

  it("reads the names of the first published gpt2: no prefix, masks among the weights", async () => {
    const expected = await contents(await loadModel(folder));
    await rewrite((name, array) => {
      const short = name.replace(/^transformer\./, "");
      const mask: NamedArray = { dtype: "float32", shape: [1, 1, 8, 8], data: new Float32Array(64) };
      const added: [string, NamedArray][] = short.endsWith("attn.c_attn.weight")
        ? [[short.replace("c_attn.weight", "bias"), mask]]
        : [];
      return [[short, array], ...added];
    });
    expect(await contents(await loadModel(folder))).toEqual(expected);
  });

  it("ignores the copy of a tied output layer", async () => {
    const expected = await contents(await loadModel(folder));
    await rewrite((name, array) =>
      name.includes("wte")
        ? [
            [name, array],
            ["lm_head.weight", array],
          ]
        : [[name, array]],
    );
    expect(await contents(await loadModel(folder))).toEqual(expected);
  });

  it("lists missing, unexpected and misshapen tensors together", async () => {
    await rewrite((name, array) => {
      if (name.endsWith("ln_f.bias")) return [];
      if (name.endsWith("ln_f.weight")) return [[name, { ...array, shape: [2, 4] }]];
      if (name.endsWith("wpe.weight"))
        return [[name, { dtype: "int32", shape: array.shape, data: new Int32Array(64) }]];
      return name.endsWith("wte.weight")
        ? [
            [name, array],
            ["transformer.extra", array],
          ]
        : [[name, array]];
    });
    const error = await failure();
    expect(error).toBeInstanceOf(ModelError);
    expect(error.message.split("\n")).toEqual([
      `${join(folder, "model.safetensors")} does not fit config.json (4 tensors):`,
      "  transformer.wpe.weight: expected float32[8,8], got int32[8,8]",
      "  transformer.ln_f.weight: expected float32[8], got float32[2,4]",
      "  missing: transformer.ln_f.bias",
      "  unexpected: transformer.extra",
    ]);
  });

  it("shows the first twenty problems of many", async () => {
    await rewriteConfig({ n_layer: 9 });
    const { message } = await failure();
    expect(message).toContain("(84 tensors)");
    expect(message.split("\n")).toHaveLength(21);
  });

  it("names what is wrong with config.json", async () => {
    const cases: [Record<string, unknown>, string][] = [
      [{ model_type: "bloom" }, 'model_type "bloom" is not one of gpt2, llama, mistral, qwen2, qwen3'],
      [{ model_type: "constructor" }, 'model_type "constructor" is not one of gpt2, llama, mistral, qwen2, qwen3'],
      [{ model_type: undefined }, "model_type undefined is not one of gpt2"],
      [{ n_embd: "8" }, 'config.json: "n_embd" must be a number, got "8"'],
      [{ n_layer: null }, 'config.json: "n_layer" must be a number, got undefined'],
      [{ n_head: 3 }, "GPT: width 8 does not divide into 3 heads"],
      [{ activation_function: "toString" }, 'GPT: activation "toString" is not one of gelu, gelu_new, relu, silu'],
      [{ layer_norm_epsilon: -1 }, "GPT: layerNormEpsilon must be a number above 0, got -1"],
      [{ scale_attn_by_inverse_layer_idx: true }, '"scale_attn_by_inverse_layer_idx": true is not supported for GPT-2'],
      [{ quantization_config: { quant_method: "gptq" } }, 'quant_method "gptq" is not supported (only "int8-dynamic")'],
    ];
    const good = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
    for (const [change, text] of cases) {
      await writeFile(join(folder, "config.json"), JSON.stringify({ ...good, ...change }));
      const error = await failure();
      expect(error).toBeInstanceOf(ModelError);
      expect(error.message).toContain(text);
    }
  });

  it("names a file that is missing, cut short or not JSON", async () => {
    const weights = join(folder, "model.safetensors");
    await truncate(weights, 4000);
    expect((await failure()).message).toContain(weights);
    await rm(weights);
    await writeFile(join(folder, "pytorch_model.bin"), "");
    expect((await failure()).message).toBe(
      `loadModel: ${weights} is missing (PyTorch .bin files are not read: load them with transformers and write them with its save_pretrained)`,
    );
    const config = join(folder, "config.json");
    await writeFile(config, '{"model_type": "gpt2"');
    expect((await failure()).message).toContain(`loadModel: ${config} is not valid JSON: `);
    await writeFile(config, "[1]\n");
    expect((await failure()).message).toBe(`loadModel: ${config}: expected a JSON object, got [1]`);
    await rm(config);
    expect((await failure()).message).toBe(
      `loadModel: ${config} cannot be read: expected a folder with config.json and model.safetensors`,
    );
    await mkdir(config);
    expect((await failure()).message).toContain(`${config} cannot be read`);
  });
});
