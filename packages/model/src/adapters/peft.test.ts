import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile, fromNumbers, onnxExecutor, setDefaultExecutor, type Tensor, tensor, valueAndGrad } from "@llm/tensor";
import { openSafetensors, writeSafetensors } from "@llm/tensor/safetensors";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { type Fixture, largestDifference, loadFixture } from "../../test/fixture.ts";
import { loadModel, namedParameters } from "../checkpoint.ts";
import type { PretrainedModel } from "../model.ts";
import { BertForSequenceClassification } from "../models/bertHeads.ts";
import { T5 } from "../models/t5.ts";
import { isAdapterParameter } from "./adapterConfig.ts";
import { applyLora } from "./lora.ts";
import { mergeAdapter, removeAdapter } from "./mergeAdapter.ts";
import { loadAdapter, saveAdapter } from "./peftFolder.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
setDefaultExecutor(executor);
afterAll(() => executor.dispose());

interface Model extends PretrainedModel {
  forward(inputIds: Tensor, options?: object): Tensor;
}

const folderOf = (name: string) => new URL(`./__fixtures__/${name}/`, import.meta.url).pathname;
const baseFolder = (name: string) => new URL(`../__fixtures__/${name}/`, import.meta.url).pathname;
const isEncoder = (name: string) => name.startsWith("bert");

/** The model that a case's adapter was made for: its name begins with that of the base. */
function loadBase(name: string): Promise<Model> {
  if (isEncoder(name)) return loadModel(baseFolder("bert-sequence"), BertForSequenceClassification);
  if (name === "t5-lora") return loadModel(baseFolder("t5"), T5) as Promise<Model>;
  return loadModel(baseFolder(name.split("-")[0]!)) as Promise<Model>;
}

function logitsOf(name: string, model: Model, expected: Fixture): Tensor {
  if (name === "t5-lora") {
    return model.forward(expected.ids("inputIds"), { decoderInputIds: expected.ids("decoderInputIds") });
  }
  if (!isEncoder(name)) return model.forward(expected.ids("inputIds"));
  return model.forward(expected.ids("inputIds"), { attentionMask: expected.ids("attentionMask") });
}

async function numbersOf(values: Tensor): Promise<Float32Array> {
  return (await values.data()) as Float32Array;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "llm-adapter-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe.each([
  "gpt2-lora",
  "gpt2-dora",
  "gpt2-ia3",
  "llama-rslora",
  "llama-patterns",
  "llama-dora",
  "llama-ia3",
  "t5-lora",
  "bert-lora",
  "bert-embedding",
  "gpt2-embedding",
  "llama-embedding",
  "llama-trained",
])("%s against PEFT", async (name) => {
  const expected = await loadFixture(`${folderOf(name)}expected.safetensors`);
  const base = await loadBase(name);
  const model = await loadAdapter(base, folderOf(name));

  it("gives the same logits, and merged the same again", async () => {
    const logits = await numbersOf(logitsOf(name, model, expected));
    expect(largestDifference(logits, expected.numbers("logits"))).toBeLessThan(1e-4);
    const plain = await numbersOf(logitsOf(name, base, expected));
    expect(largestDifference(plain, expected.numbers("logits"))).toBeGreaterThan(0.01);
    if (name === "gpt2-embedding") {
      await expect(mergeAdapter(model)).rejects.toThrow("mergeAdapter: the output layer is the token embedding");
      return;
    }
    const merged = await mergeAdapter(model);
    expect([...namedParameters(merged).keys()]).toEqual([...namedParameters(base).keys()]);
    const reference = expected.numbers(isEncoder(name) ? "logits" : "mergedLogits");
    expect(largestDifference(await numbersOf(logitsOf(name, merged, expected)), reference)).toBeLessThan(1e-4);
  });

  it("gives the same gradients of the adapter's parameters", async () => {
    const labels = tensor([2, 0], { dtype: "int32" });
    const step = compile((model: Model) =>
      valueAndGrad((model: Model) => {
        const logits = logitsOf(name, model, expected);
        if (isEncoder(name)) return logits.crossEntropy(labels);
        const ids = expected.ids(name === "t5-lora" ? "decoderInputIds" : "inputIds");
        return logits.slice(1, 0, -1).crossEntropy(ids.slice(1, 1));
      })(model),
    );
    const [loss, gradients] = await step(model);
    expect(Math.abs((await loss.item()) - expected.numbers("loss")[0]!)).toBeLessThan(1e-5);
    const trained = [...namedParameters(gradients)].filter(([parameter]) => isAdapterParameter(parameter));
    expect(trained.length).toBeGreaterThan(3);
    for (const [parameter, gradient] of trained) {
      const stored = `gradient.base_model.model.${parameter.replace(".modules_to_save.", ".")}`;
      const difference = largestDifference(await numbersOf(gradient), expected.numbers(stored));
      expect(difference, parameter).toBeLessThan(1e-4);
    }
  });

  it("is written back with the same tensors and a configuration that reads alike", async () => {
    const folder = await temporaryFolder();
    await saveAdapter(model, folder, { baseModel: "somewhere", taskType: "CAUSAL_LM" });
    await using before = await openSafetensors(`${folderOf(name)}adapter_model.safetensors`);
    await using after = await openSafetensors(join(folder, "adapter_model.safetensors"));
    expect([...after.names].sort()).toEqual([...before.names].sort());
    for (const tensorName of before.names) {
      expect(await after.read(tensorName), tensorName).toEqual(await before.read(tensorName));
    }
    const json = async (path: string) => JSON.parse(await readFile(join(path, "adapter_config.json"), "utf8"));
    const [theirs, ours] = [await json(folderOf(name)), await json(folder)];
    const same = ["peft_type", "r", "lora_alpha", "lora_dropout", "use_dora", "use_rslora", "bias", "fan_in_fan_out"];
    for (const key of same) expect(ours[key], key).toEqual(theirs[key]);
    expect(ours).toMatchObject({ base_model_name_or_path: "somewhere", task_type: "CAUSAL_LM" });
    const again = await loadAdapter(base, folder);
    const logits = await numbersOf(logitsOf(name, again, expected));
    expect(largestDifference(logits, expected.numbers("logits"))).toBeLessThan(1e-4);
  });

  it("comes off again", async () => {
    const bare = removeAdapter(model);
    expect([...namedParameters(bare).keys()]).toEqual([...namedParameters(base).keys()]);
    expect(bare).not.toHaveProperty("adapter");
    expect(bare.forward).toBe(Object.getPrototypeOf(base).forward);
  });
});

describe("bad folders", () => {
  /** A copy of a folder with some settings changed, and the weights in 16 bits. */
  async function changed(name: string, settings: Record<string, unknown>): Promise<string> {
    const folder = await temporaryFolder();
    const json = JSON.parse(await readFile(`${folderOf(name)}adapter_config.json`, "utf8"));
    await writeFile(join(folder, "adapter_config.json"), JSON.stringify({ ...json, ...settings }));
    await using file = await openSafetensors(`${folderOf(name)}adapter_model.safetensors`);
    const entries = await Promise.all(
      file.names.map(async (tensorName) => {
        const { shape, data } = await file.read(tensorName);
        return [
          tensorName,
          { dtype: "bfloat16", shape, data: () => fromNumbers("bfloat16", data as Float32Array) },
        ] as const;
      }),
    );
    await writeSafetensors(join(folder, "adapter_model.safetensors"), entries);
    return folder;
  }

  it("widens weights in 16 bits", async () => {
    const expected = await loadFixture(`${folderOf("gpt2-lora")}expected.safetensors`);
    const model = await loadAdapter(await loadBase("gpt2"), await changed("gpt2-lora", {}));
    const logits = await numbersOf(logitsOf("gpt2", model, expected));
    expect(largestDifference(logits, expected.numbers("logits"))).toBeLessThan(0.3);
  });

  it("takes a part of the model with layers inside for a trained module", async () => {
    const [base, folder] = [await loadBase("bert-sequence"), await temporaryFolder()];
    const adapted = await applyLora(base, { targets: ["query"], modulesToSave: ["classifier", "pooler.dense"] });
    await saveAdapter(adapted, folder);
    const path = join(folder, "adapter_config.json");
    const json = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...json, modules_to_save: ["classifier", "pooler"] }));
    const names = [...namedParameters(await loadAdapter(base, folder)).keys()];
    expect(names).toEqual([...namedParameters(adapted).keys()]);
  });

  it("lists what has no place in the model", async () => {
    const gpt = await loadBase("gpt2");
    await expect(loadAdapter(gpt, folderOf("llama-rslora"))).rejects.toThrow(
      /adapter_model.safetensors does not fit the model \(8 tensors\):\n {2}no layer of the model for: model.layers.0.self_attn.q_proj.lora_A.weight/,
    );
    await expect(loadAdapter(gpt, await changed("gpt2-lora", { use_dora: true }))).rejects.toThrow(
      "missing: transformer.h.0.attn.c_attn.lora_magnitude_vector",
    );
  });

  it.each<[Record<string, unknown>, string]>([
    [{ peft_type: "VERA" }, 'peft_type must be "LORA" or "IA3", got "VERA"'],
    [{ bias: "all" }, 'bias "all" is not supported (only "none")'],
    [{ init_lora_weights: "pissa_niter_4" }, "path_initial_model_for_weight_conversion"],
    [{ lora_bias: true }, "lora_bias true is not supported"],
    [{ layer_replication: [[0, 2]] }, "layer_replication [[0,2]] is not supported"],
    [{ lora_alpha: null }, "lora_alpha must be a number, got undefined"],
    [{ r: "4" }, 'r must be a number, got "4"'],
  ])("refuses %o", async (settings, text) => {
    const folder = await changed("gpt2-lora", settings);
    await expect(loadAdapter(await loadBase("gpt2"), folder)).rejects.toThrow(text);
  });

  it("names a file that is missing", async () => {
    const folder = await temporaryFolder();
    const gpt = await loadBase("gpt2");
    await expect(loadAdapter(gpt, folder)).rejects.toThrow(`loadAdapter: ${folder}/adapter_config.json cannot be read`);
    await writeFile(join(folder, "adapter_config.json"), JSON.stringify({ peft_type: "IA3" }));
    await expect(loadAdapter(gpt, folder)).rejects.toThrow("adapter_model.bin is not read");
    await expect(saveAdapter(gpt, folder)).rejects.toThrow("saveAdapter: the model has no adapter");
    await expect(mergeAdapter(gpt)).rejects.toThrow("mergeAdapter: the model has no adapter");
    const adapted = await applyLora(gpt);
    await expect(loadAdapter(adapted, folderOf("gpt2-lora"))).rejects.toThrow("the model has an adapter already");
  });
});
