// Recorded calls of every family of models to export, with the names that other tools give their inputs and outputs: forwards, and the
// steps of a generation, with the cache as input and output.
import {
  BertForSequenceClassification,
  type CausalLanguageModel,
  type EncoderMemory,
  type Gpt,
  type KeyValueCache,
  Llama,
  type PretrainedModel,
  T5,
} from "@llm/model";
import { type CompiledFunction, compile, hostRandomNormal, type Tensor, tensor } from "@llm/tensor";
import { type ExportedModel, randomIds, smallGpt } from "./exportedModels.ts";

const sizes = { vocabularySize: 61, contextLength: 16, layers: 2, heads: 2, width: 16, initializerRange: 0.3 };
const llama = new Llama({ ...sizes, family: "llama", keyValueHeads: 1, hiddenWidth: 24 }, { seed: 6 });
const bert = new BertForSequenceClassification({ ...sizes, labels: ["no", "yes"] }, { seed: 7 });
const t5 = new T5({ ...sizes, headSize: 8, hiddenWidth: 24 }, { seed: 8 });

type Names = Readonly<Record<string, string>>;

/** Calls with each of the arguments; those of the first are recorded. */
async function exported<A extends unknown[], R>(
  name: string,
  run: CompiledFunction<[PretrainedModel, ...A], R>,
  { model, calls, ...names }: { model: PretrainedModel; calls: readonly A[]; inputNames: Names; outputNames?: Names },
): Promise<ExportedModel> {
  const runs = [];
  for (const args of calls) runs.push({ args: [model, ...args], expected: await run(model, ...args) });
  return { name, recorded: run.record(model, ...calls[0]!), ...names, runs };
}

const filled = (seed: number, shape: readonly number[]) =>
  tensor(
    hostRandomNormal(
      seed,
      "filled",
      shape.reduce((a, b) => a * b, 1),
    ),
    { shape },
  );
/** int32 [batch, sequence]: the last row is shorter than the others. */
const maskOf = ([batch, sequence]: readonly [number, number]) =>
  tensor(
    Int32Array.from({ length: batch * sequence }, (_, i) => Number(i < batch * sequence - 2)),
    { shape: [batch, sequence] },
  );
const pairs = [
  [2, 7],
  [1, 9],
] as const;
const batch = ["batch", "sequence"];
const layers = [0, 1];

function forwardOf(name: string, model: CausalLanguageModel): Promise<ExportedModel> {
  const forward = compile((model: CausalLanguageModel, ids: Tensor) => ({ logits: model.forward(ids) }), {
    constants: [0],
    dynamic: { "1": batch },
  }) as CompiledFunction<[PretrainedModel, Tensor], unknown>;
  const calls = pairs.map((shape, seed): [Tensor] => [randomIds(seed, shape)]);
  return exported(name, forward, { model, calls, inputNames: { "1": "input_ids" } });
}

/** A model that takes and gives back what it has seen: [batch, heads, capacity, head size] for keys and values of each layer. */
function stepOf(
  name: string,
  model: CausalLanguageModel,
  { heads, headSize }: { heads: number; headSize: number },
): Promise<ExportedModel> {
  const ofLayers = (make: (kind: "key" | "value", layer: number) => readonly [string, string]): Names =>
    Object.fromEntries(layers.flatMap((layer) => [make("key", layer), make("value", layer)]));
  const room = ["batch", heads, "capacity", headSize];
  const step = compile(
    (model: CausalLanguageModel, ids: Tensor, cache: KeyValueCache) => model.forwardCached(ids, cache),
    {
      constants: [0],
      dynamic: {
        "1": batch,
        ...Object.fromEntries(
          layers.flatMap((layer) => [
            [`2.key.${layer}`, room],
            [`2.value.${layer}`, room],
          ]),
        ),
      },
    },
  ) as CompiledFunction<[PretrainedModel, Tensor, KeyValueCache], unknown>;
  const cacheOf = (rows: number, capacity: number, length: number): KeyValueCache => {
    const some = (seed: number) => layers.map((layer) => filled(seed + layer, [rows, heads, capacity, headSize]));
    return { key: some(1), value: some(5), length: tensor(length, { dtype: "int32" }) };
  };
  return exported(name, step, {
    model,
    calls: [
      [randomIds(1, [2, 1]), cacheOf(2, 8, 5)],
      [randomIds(2, [1, 6]), cacheOf(1, 12, 0)],
    ],
    inputNames: {
      "1": "input_ids",
      "2.length": "past_length",
      ...ofLayers((kind, layer) => [`2.${kind}.${layer}`, `past_key_values.${layer}.${kind}`]),
    },
    outputNames: {
      "cache.length": "present_length",
      ...ofLayers((kind, layer) => [`cache.${kind}.${layer}`, `present.${layer}.${kind}`]),
    },
  });
}

function classesOfTexts(): Promise<ExportedModel> {
  const classify = compile(
    (model: BertForSequenceClassification, ids: Tensor, attentionMask: Tensor) => ({
      logits: model.forward(ids, { attentionMask }),
    }),
    { constants: [0], dynamic: { "1": batch, "2": batch } },
  ) as CompiledFunction<[PretrainedModel, Tensor, Tensor], unknown>;
  const calls = pairs.map((shape, seed): [Tensor, Tensor] => [randomIds(seed, shape), maskOf(shape)]);
  return exported("bert", classify, { model: bert, calls, inputNames: { "1": "input_ids", "2": "attention_mask" } });
}

function sequencesFromSequences(): Promise<ExportedModel> {
  const forward = compile(
    (model: T5, ids: Tensor, attentionMask: Tensor, decoderInputIds: Tensor) => ({
      logits: model.forward(ids, { attentionMask, decoderInputIds }),
    }),
    { constants: [0], dynamic: { "1": batch, "2": batch, "3": ["batch", "decoder_sequence"] } },
  ) as CompiledFunction<[PretrainedModel, Tensor, Tensor, Tensor], unknown>;
  const calls = pairs.map((shape, seed): [Tensor, Tensor, Tensor] => {
    return [randomIds(seed, shape), maskOf(shape), randomIds(seed + 5, [shape[0], 3 + seed])];
  });
  const inputNames = { "1": "input_ids", "2": "attention_mask", "3": "decoder_input_ids" };
  return exported("t5", forward, { model: t5, calls, inputNames });
}

/** The two halves of a generation with T5: what the encoder gives to the decoder, and the decoder's step. */
async function generationFromSequences(): Promise<ExportedModel[]> {
  const encode = compile(
    (model: T5, ids: Tensor, mask: Tensor) => model.memoryOf(model.encode(ids, { attentionMask: mask }), mask),
    { constants: [0], dynamic: { "1": batch, "2": batch } },
  );
  const source = [2, 7] as const;
  const [ids, mask] = [randomIds(1, source), maskOf(source)];
  const memory = await encode(t5, ids, mask);
  const shapes = (path: string, positions: string) =>
    Object.fromEntries(
      layers.flatMap((layer) =>
        [`${path}.key.${layer}`, `${path}.value.${layer}`].map((name) => [name, ["batch", 2, positions, 8]]),
      ),
    );
  const step = compile(
    (model: T5, ids: Tensor, cache: KeyValueCache, memory: EncoderMemory) =>
      model.forwardCached(ids, cache, { memory }),
    {
      constants: [0],
      dynamic: {
        "1": batch,
        ...shapes("2", "capacity"),
        ...shapes("3", "source"),
        "3.attentionMask": ["batch", "source"],
      },
    },
  ) as CompiledFunction<[PretrainedModel, Tensor, KeyValueCache, EncoderMemory], unknown>;
  const some = (seed: number) => layers.map((layer) => filled(seed + layer, [2, 2, 6, 8]));
  const cache = { key: some(1), value: some(5), length: tensor(4, { dtype: "int32" }) };
  return [
    await exported("t5Encoder", encode as CompiledFunction<[PretrainedModel, Tensor, Tensor], unknown>, {
      model: t5,
      calls: [[ids, mask]],
      inputNames: { "1": "input_ids", "2": "attention_mask" },
    }),
    await exported("t5Step", step, {
      model: t5,
      calls: [[randomIds(3, [2, 1]), cache, memory]],
      inputNames: { "1": "decoder_input_ids" },
    }),
  ];
}

export async function exportedFamilies(): Promise<ExportedModel[]> {
  return [
    await forwardOf("llama", llama),
    await classesOfTexts(),
    await sequencesFromSequences(),
    await stepOf("gptStep", smallGpt() as Gpt, { heads: 2, headSize: 8 }),
    await stepOf("llamaStep", llama, { heads: 1, headSize: 8 }),
    ...(await generationFromSequences()),
  ];
}
