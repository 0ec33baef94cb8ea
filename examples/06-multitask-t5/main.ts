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
import { unigramLoss } from "../shared/unigramLoss.ts";
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

const [cutting, answering] = [spanCorruption({ tokenizer }), sequenceToSequence({ padToMultipleOf: 16 })];
const objective = taskMixture({ spans: cutting, sentiment: answering, era: answering });
const train = () => taskBatches(speeches.train, { tokenizer, shuffle: true });
const heldOut = (oneIn = 1) => taskBatches(speeches.heldOut, { tokenizer, shuffle: false, oneIn });
const steps = setting.steps({ full: 2000, small: 60 });
const trainer = new Trainer({
  model,
  objective,
  data: mixBatches(train(), { weights: { spans: 1, sentiment: 1, era: 1 } }),
  steps,
  optimizer: muon(),
  evaluation: { data: batchesInTurn(heldOut(10)), batches: Number.POSITIVE_INFINITY, every: Math.ceil(steps / 12) },
  metricsFile: join(folder, "metrics.jsonl"),
  learningRate: cosineSchedule({ peak: 1.5e-3, warmupSteps: Math.ceil(steps / 20), totalSteps: steps }),
});
await trainer.run();
await saveModel(trainer.model, join(folder, "model"));
await saveTokenizer(tokenizer, join(folder, "model", "tokenizer.json"));

const whole = () => ({ objective, data: batchesInTurn(heldOut()) });
const { metrics: before } = await evaluateModel(model, whole());
const { metrics: after } = await evaluateModel(trainer.model, whole());
const outcome = (metric: string, name: string): Pick<Outcome, "metric" | "before" | "after"> => ({
  metric,
  before: before![name]!,
  after: after![name]!,
});
const { vocabularySize } = tokenizer;
const counted = { objective: cutting, model, vocabularySize, train: train().spans, heldOut: heldOut().spans };
const unigrams = await unigramLoss(counted);
const answers = Object.entries({ sentiment: 0.5, era: shareOfCommonestEra(speeches.heldOut) }).map(
  ([task, share]): Outcome => ({
    ...outcome(`${task}: exact answers`, `${task}.exactMatch`),
    better: "higher",
    baselines: { "the commonest answer for all": share },
    fullOnly: true,
  }),
);
const spans: Outcome = { ...outcome("spans: loss", "spans.loss"), better: "lower", baselines: { unigrams } };
conclude([spans, ...answers], setting);
