// Writes the adapters that tools/fixtures/adapters.py opens with PEFT: one folder a kind, with the logits that the adapted model gives.
import { join } from "node:path";
import { defaultExecutor, hostRandomNormal, mapTensors, type Tensor, tensor } from "@llm/tensor";
import { writeSafetensors } from "@llm/tensor/safetensors";
import {
  type Adapted,
  applyIa3,
  applyLora,
  BertForSequenceClassification,
  isAdapterParameter,
  loadModel,
  type PretrainedModel,
  saveAdapter,
  T5,
} from "../src/index.ts";

interface Model extends PretrainedModel {
  forward(inputIds: Tensor, options?: object): Tensor;
}

const fixture = (name: string) => new URL(`../src/__fixtures__/${name}/`, import.meta.url).pathname;
const gpt = (await loadModel(fixture("gpt2"))) as Model;
const llama = (await loadModel(fixture("llama"))) as Model;
const classifier = (await loadModel(fixture("bert-sequence"), BertForSequenceClassification)) as Model;

const t5 = (await loadModel(fixture("t5"), T5)) as Model;

const adapters: [string, string, Adapted<Model>][] = [
  ["gpt2-lora", "gpt2", await applyLora(gpt, { rank: 3, alpha: 5, dropout: 0.1 })],
  ["gpt2-dora", "gpt2", await applyLora(gpt, { targets: ["c_attn"], useDora: true })],
  ["gpt2-ia3", "gpt2", applyIa3(gpt, { targets: ["c_attn"], feedForwardTargets: ["mlp.c_proj"] })],
  ["llama-lora", "llama", await applyLora(llama, { targets: /.*\.mlp\..*/, useRsLora: true })],
  ["llama-dora", "llama", await applyLora(llama, { rank: 2, useDora: true })],
  ["llama-ia3", "llama", applyIa3(llama, { targets: ["k_proj", "v_proj"], feedForwardTargets: ["down_proj"] })],
  ["bert-lora", "bert-sequence", await applyLora(classifier, { modulesToSave: ["classifier"] })],
  ["t5-lora", "t5", await applyLora(t5, { rank: 2 })],
  ["gpt2-embedding", "gpt2", await applyLora(gpt, { rank: 2, targets: ["wte", "wpe", "c_attn"], useRsLora: true })],
  ["llama-embedding", "llama", await applyLora(llama, { rank: 3, targets: ["embed_tokens", "q_proj"] })],
  [
    "llama-trained",
    "llama",
    await applyLora(llama, { targets: ["v_proj"], modulesToSave: ["embed_tokens", "lm_head"] }),
  ],
  ["bert-query", "bert-sequence", await applyLora(classifier, { targets: ["query", "dense"], rank: 1 })],
];

const [target] = process.argv.slice(2);
if (!target) throw new Error("savedAdapters: name the folder to write to");
const shape = [2, 9];
const ids = Int32Array.from({ length: 18 }, (_, i) => (i * i + 3 * i) % 40);
for (const [name, baseModel, fresh] of adapters) {
  // As if it had been trained: what begins as zeros or ones is something else.
  const model = mapTensors(fresh, (parameter, path) => {
    if (!isAdapterParameter(path) || /lora_A|modules_to_save/.test(path)) return parameter;
    const sizes = parameter.shape as readonly number[];
    const count = sizes.reduce((a, b) => a * b, 1);
    const around = /lora_(B|embedding)/.test(path) ? 0 : 1;
    return tensor(
      hostRandomNormal(5, path, count, 0.3).map((value) => value + around),
      { shape: sizes },
    );
  });
  const inputIds = tensor(ids, { shape });
  const logits = model.forward(inputIds, baseModel === "t5" ? { decoderInputIds: inputIds } : {});
  await saveAdapter(model, join(target, name), { baseModel });
  await writeSafetensors(join(target, name, "expected.safetensors"), [
    ["inputIds", { dtype: "int32", shape, data: ids }],
    ["logits", { dtype: logits.dtype, shape: logits.shape as number[], data: await logits.data() }],
  ]);
}
await defaultExecutor().dispose();
