import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { referenceExecutor, setDefaultExecutor } from "@llm/tensor";
import { type NamedArray, openSafetensors, writeSafetensors } from "@llm/tensor/safetensors";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadModel, namedParameters, saveModel } from "../checkpoint.ts";
import { ModelError } from "../errors.ts";
import { BertForMaskedLM } from "./bertHeads.ts";
import { T5 } from "./t5.ts";
import { type T5Options, t5Config, t5ConfigFromJson, t5ConfigToJson } from "./t5Config.ts";

setDefaultExecutor(referenceExecutor());
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-t5-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const small: T5Options = { vocabularySize: 20, layers: 2, encoderLayers: 1, heads: 2, headSize: 4, width: 8 };

async function contents(model: T5): Promise<Record<string, unknown>> {
  const entries = [...namedParameters(model)].map(async ([name, parameter]) => [name, await parameter.data()] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** Writes the saved weights again, changed. */
async function rewrite(change: (name: string, array: NamedArray) => [string, NamedArray][]): Promise<void> {
  const path = join(folder, "model.safetensors");
  const arrays = await (async () => {
    await using file = await openSafetensors(path);
    return Promise.all(file.names.map(async (name) => [name, await file.read(name)] as const));
  })();
  await writeSafetensors(
    path,
    arrays.flatMap(([name, array]) => change(name, array)),
  );
}

async function failure(): Promise<Error> {
  return loadModel(folder, T5).then(
    () => expect.unreachable("the folder should not load"),
    (error: Error) => error,
  );
}

it.each<[string, Partial<T5Options>]>([
  ["T5", {}],
  ["T5 1.1", { gated: true, activation: "gelu_new", tiedEmbeddings: false }],
  ["an output layer of its own, scaled", { tiedEmbeddings: false, scaleDecoderOutputs: true }],
  ["a tied output layer, not scaled", { scaleDecoderOutputs: false }],
  ["other numbers", { gated: true, activation: "silu", endOfTextId: 3, decoderStartId: 4, maximumDistance: 64 }],
])("gives back the same model: %s", async (_, options) => {
  const model = new T5({ ...small, ...options }, { seed: 5 });
  await saveModel(model, folder);
  const loaded = await loadModel(folder, T5);
  expect(loaded.config).toEqual(model.config);
  expect(await contents(loaded)).toEqual(await contents(model));
  expect(namedParameters(loaded).has("lm_head.weight")).toBe(!model.config.tiedEmbeddings);
  expect(JSON.parse(await readFile(join(folder, "generation_config.json"), "utf8"))).toEqual({
    bos_token_id: null,
    decoder_start_token_id: model.config.decoderStartId,
    eos_token_id: model.config.endOfTextId,
    pad_token_id: 0,
  });
});

it("writes whole numbers as floats where transformers refuses others", async () => {
  await saveModel(new T5({ ...small, initializerFactor: 2 }), folder);
  const text = await readFile(join(folder, "config.json"), "utf8");
  expect(text).toContain('\n  "initializer_factor": 2.0,\n');
  expect(text).toContain('\n  "num_layers": 1,\n');
  expect((await loadModel(folder, T5)).config.initializerFactor).toBe(2);
});

it("reads the published t5-small's copies of the embedding and the bias that nothing reads", async () => {
  const model = new T5(small, { seed: 6 });
  await saveModel(model, folder);
  await rewrite((name, array) => {
    const copies = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"];
    const unread = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
    const added = name === "shared.weight" ? copies : name.includes("relative_attention_bias") ? [unread] : [];
    const unique = name.startsWith("encoder") ? added.filter((other) => other !== unread) : added;
    return [[name, array], ...unique.map((other): [string, NamedArray] => [other, array])];
  });
  expect(await contents(await loadModel(folder, T5))).toEqual(await contents(model));
});

it("lists what a checkpoint lacks and what it has too many", async () => {
  await saveModel(new T5({ ...small, gated: true }), folder);
  await rewrite((name, array) => {
    if (name === "decoder.final_layer_norm.weight") return [["decoder.norm.weight", array]];
    return name === "shared.weight" ? [[name, { ...array, shape: [8, 20] }]] : [[name, array]];
  });
  const error = await failure();
  expect(error).toBeInstanceOf(ModelError);
  expect(error.message.split("\n")).toEqual([
    `${join(folder, "model.safetensors")} does not fit config.json (3 tensors):`,
    "  shared.weight: expected float32[20,8], got float32[8,20]",
    "  missing: decoder.final_layer_norm.weight",
    "  unexpected: decoder.norm.weight",
  ]);
});

it("refuses a checkpoint of another architecture and PyTorch's .bin files", async () => {
  const size = { vocabularySize: 20, contextLength: 8, layers: 1, heads: 2, width: 8 };
  await saveModel(new BertForMaskedLM(size), folder);
  expect((await failure()).message).toContain('config.json: model_type "bert" is no T5 (@llm/model has');
  await expect(loadModel(folder)).rejects.toThrow("(BERT and T5 are loaded with their class: loadModel(folder, T5))");
  await saveModel(new T5(small), folder);
  await rm(join(folder, "model.safetensors"));
  await writeFile(join(folder, "pytorch_model.bin"), "");
  expect((await failure()).message).toContain("PyTorch .bin files are not read: load them with transformers");
});

it("reads config.json as it was written before transformers 5", () => {
  const published = {
    model_type: "t5",
    vocab_size: 32_128,
    d_model: 512,
    d_kv: 64,
    d_ff: 1024,
    num_layers: 8,
    num_heads: 6,
    relative_attention_num_buckets: 32,
    feed_forward_proj: "gated-gelu",
    tie_word_embeddings: false,
    decoder_start_token_id: 0,
    eos_token_id: 1,
    pad_token_id: 0,
  };
  const size = { vocabularySize: 32_128, layers: 8, heads: 6, width: 512, hiddenWidth: 1024 };
  const small11 = t5Config({ ...size, gated: true, activation: "gelu_new", tiedEmbeddings: false });
  expect(t5ConfigFromJson(published)).toEqual(small11);
  // transformers 5 writes the same model so; whether it is tied is in its weights only.
  const rewritten = { ...published, tie_word_embeddings: true, scale_decoder_outputs: false };
  expect(t5ConfigFromJson(rewritten, true)).toEqual(small11);
  expect(t5ConfigFromJson(rewritten, false)).toEqual({ ...small11, tiedEmbeddings: true });
  expect(t5ConfigFromJson(t5ConfigToJson(small11))).toEqual(small11);
  // mT5 has no word for the scale, as nothing in it is tied.
  expect(t5ConfigFromJson({ ...published, model_type: "mt5" }, true)).toEqual(small11);
  expect(t5ConfigFromJson({ ...published, model_type: "mt5", tie_word_embeddings: true }, true)).toEqual(small11);
  expect(t5ConfigFromJson({ ...published, feed_forward_proj: "gated-swish" })).toMatchObject({ activation: "silu" });
  expect(() => t5ConfigFromJson({ ...published, tie_encoder_decoder: true })).toThrow(
    '"tie_encoder_decoder": true is not supported for T5',
  );
  expect(() => t5ConfigFromJson({ ...published, d_kv: null })).toThrow('"d_kv" must be a number, got undefined');
});

it("names what a configuration gets wrong", () => {
  const cases: [Partial<T5Options>, string][] = [
    [{ layers: 0 }, "T5: layers must be a whole number above 0, got 0"],
    [{ headSize: 2.5 }, "T5: headSize must be a whole number above 0, got 2.5"],
    [{ positionBuckets: 6 }, "T5: positionBuckets must be a multiple of 4, got 6"],
    [{ maximumDistance: 16 }, "T5: maximumDistance must be above half of the 32 positionBuckets, got 16"],
    [{ dropout: 1 }, "T5: dropout must be at least 0 and below 1, got 1"],
    [{ layerNormEpsilon: 0 }, "T5: layerNormEpsilon must be a number above 0, got 0"],
    [{ decoderStartId: 20 }, "T5: decoderStartId 20 is outside the vocabulary of 20"],
    [{ activation: "tanh" as never }, 'T5: activation "tanh" is not one of gelu, gelu_new, relu, silu'],
    [{ gated: true, activation: "gelu" }, 'T5: a gated layer with activation "gelu" has no name in config.json'],
  ];
  for (const [change, text] of cases) expect(() => new T5({ ...small, ...change })).toThrow(text);
});
