// Trains a small T5 on three tasks at once: writing out spans that were cut from passages, telling a sentence's sentiment, and telling
// the era it was spoken in. Each answer is text; what is asked for is said in words, before the text.
import { join } from "node:path";
import { batchesInTurn, mixBatches } from "@llm/data";
import { parameterCount, saveModel, T5 } from "@llm/model";
import { saveTokenizer, trainByteLevelBpe } from "@llm/tokenizer";
import {
  cosineSchedule,
  evaluateModel,
  muon,
  sequenceToSequence,
  spanCorruption,
  Trainer,
  taskMixture,
} from "@llm/train";
import { conclude, type Outcome, readSetting } from "../shared/example.ts";
import { readSpeeches } from "../shared/speeches.ts";
import { shareOfCommonestEra, taskBatches } from "./tasks.ts";

const setting = readSetting();
const folder = setting.folderOf("06-multitask-t5");
const speeches = readSpeeches(setting);
const sentinels = Array.from({ length: 20 }, (_, i) => `<extra_id_${i}>`);
const tokenizer = await trainByteLevelBpe(
  speeches.train.map(({ text }) => text),
  { vocabularySize: setting.small ? 512 : 2048, specialTokens: ["<pad>", "</s>", ...sentinels] },
);
const size = setting.small
  ? { layers: 1, heads: 2, headSize: 32, width: 64 }
  : { layers: 2, heads: 4, headSize: 32, width: 128 };
const model = new T5(
  { ...size, vocabularySize: tokenizer.vocabularySize, contextLength: 128, dropout: 0 },
  { seed: 1 },
);
console.log(`T5 with ${parameterCount(model)} parameters`);

const answering = sequenceToSequence({ padToMultipleOf: 16 });
const objective = taskMixture({ spans: spanCorruption({ tokenizer }), sentiment: answering, era: answering });
const test = { objective, data: batchesInTurn(taskBatches(speeches.heldOut, { tokenizer, shuffle: false })) };
const steps = setting.steps({ full: 2000, small: 60 });
const trainer = new Trainer({
  model,
  objective,
  data: mixBatches(taskBatches(speeches.train, { tokenizer, shuffle: true }), {
    weights: { spans: 1, sentiment: 1, era: 1 },
  }),
  steps,
  optimizer: muon(),
  metricsFile: join(folder, "metrics.jsonl"),
  learningRate: cosineSchedule({ peak: 5e-3, warmupSteps: Math.ceil(steps / 20), totalSteps: steps }),
});
await trainer.run();
await saveModel(trainer.model, join(folder, "model"));
await saveTokenizer(tokenizer, join(folder, "model", "tokenizer.json"));

const { metrics: before } = await evaluateModel(model, test);
const { metrics: after } = await evaluateModel(trainer.model, test);
const losses = ["spans", "sentiment", "era"].map((task): Outcome => {
  const name = `${task}.loss`;
  return { metric: `${task}: loss`, better: "lower", before: before![name]!, after: after![name]!, baselines: {} };
});
const baselines = { sentiment: 0.5, era: shareOfCommonestEra(speeches.heldOut) };
const answers = Object.entries(baselines).map(([task, commonest]): Outcome => {
  const name = `${task}.exactMatch`;
  const values = {
    before: before![name]!,
    after: after![name]!,
    baselines: { "the commonest answer for all": commonest },
  };
  return { metric: `${task}: exact answers`, better: "higher", ...values, fullOnly: true };
});
conclude([...losses, ...answers], setting);
