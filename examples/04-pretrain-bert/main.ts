// Pre-trains a small BERT on the speeches (masked language model) and fine-tunes it to tell positive from negative sentences,
// beside the same fine-tuning of a BERT that was not pre-trained.
import { join } from "node:path";
import { exampleBatches } from "@llm/data";
import { BertForMaskedLM, BertForSequenceClassification, loadWeights, parameterCount, saveModel } from "@llm/model";
import { saveTokenizer } from "@llm/tokenizer";
import { evaluateModel, linearSchedule, maskedLanguageModel, sequenceClassification, Trainer } from "@llm/train";
import { trainBertTokenizer } from "../shared/bertTokenizer.ts";
import { conclude, readSetting } from "../shared/example.ts";
import { judgedSentences, sentiments } from "../shared/sentiment.ts";
import { passagesOf, readSpeeches, type Speech } from "../shared/speeches.ts";

const setting = readSetting();
const folder = setting.folderOf("04-pretrain-bert");
const size = setting.small ? { layers: 2, heads: 2, width: 64 } : { layers: 4, heads: 4, width: 128 };
const speeches = readSpeeches(setting);
const texts = speeches.train.map(({ text }) => text);
const tokenizer = await trainBertTokenizer(texts, setting.small ? 512 : 2048);
const encode = (text: string) => ({ inputIds: tokenizer.encode(text) });
const config = { ...size, vocabularySize: tokenizer.vocabularySize, contextLength: 128, labels: sentiments };

const passages = (of: readonly Speech[]) =>
  of.flatMap(({ text }) => passagesOf(text, 200).map(encode)).filter(({ inputIds }) => inputIds.length <= 128);
const fresh = new BertForMaskedLM(config, { seed: 1 });
console.log(`BERT with ${parameterCount(fresh)} parameters`);
const masking = maskedLanguageModel({ tokenizer });
const steps = setting.steps({ full: 3200, small: 40 });
const pretraining = new Trainer({
  model: fresh,
  objective: masking,
  data: exampleBatches(passages(speeches.train), { batchSize: 16, groupByLength: ({ inputIds }) => inputIds.length }),
  steps,
  learningRate: linearSchedule({ peak: 2e-3, warmupSteps: Math.ceil(steps / 20), totalSteps: steps }),
  checkpoints: { folder: join(folder, "checkpoints"), every: Math.ceil(steps / 5) },
});
await pretraining.run();
await saveModel(pretraining.model, join(folder, "model"));
await saveTokenizer(tokenizer, join(folder, "model", "tokenizer.json"));

const objective = sequenceClassification();
const judged = (of: readonly Speech[]) => judgedSentences(of).map(({ text, label }) => ({ ...encode(text), label }));
const [train, heldOut] = [judged(speeches.train), judged(speeches.heldOut)];
const test = { objective, data: exampleBatches(heldOut, { batchSize: 32, shuffle: false }) };
const accuracy = async (model: BertForSequenceClassification) => (await evaluateModel(model, test)).metrics!.accuracy!;

async function accuracyAfterTuning(model: BertForSequenceClassification): Promise<number> {
  const steps = setting.steps({ full: 320, small: 40 });
  const learningRate = linearSchedule({ peak: 5e-4, warmupSteps: Math.ceil(steps / 10), totalSteps: steps });
  const data = exampleBatches(train, { batchSize: 16 });
  const trainer = new Trainer({ model, objective, data, steps, learningRate });
  await trainer.run();
  return accuracy(trainer.model);
}

const untrained = new BertForSequenceClassification(config, { seed: 2 });
const pretrained = await loadWeights(untrained, join(folder, "model"), { partial: true });
const hidden = exampleBatches(passages(speeches.heldOut), { batchSize: 32, shuffle: false });
const lossOfHidden = async (model: BertForMaskedLM) =>
  (await evaluateModel(model, { objective: masking, data: hidden, batches: 40 })).loss;
const pretrainingOutcome = { before: await lossOfHidden(fresh), after: await lossOfHidden(pretraining.model) };
const sentimentOutcome = { before: await accuracy(pretrained), after: await accuracyAfterTuning(pretrained) };
const baselines = {
  "one answer for all": 0.5,
  "the same without pre-training": await accuracyAfterTuning(untrained),
};
conclude(
  [
    { metric: "loss at hidden tokens, held out", better: "lower", ...pretrainingOutcome, baselines: {} },
    {
      metric: `accuracy on ${heldOut.length} held-out sentences`,
      better: "higher",
      ...sentimentOutcome,
      baselines,
      fullOnly: true,
    },
  ],
  setting,
);
