// Pre-trains a small BERT on the speeches (masked language model) and fine-tunes it to tell positive from negative sentences,
// beside the same fine-tuning of a BERT that was not pre-trained.
import { join } from "node:path";
import { exampleBatches } from "@llm/data";
import { BertForMaskedLM, BertForSequenceClassification, loadWeights, parameterCount, saveModel } from "@llm/model";
import { saveTokenizer } from "@llm/tokenizer";
import { evaluateModel, linearSchedule, maskedLanguageModel, Trainer } from "@llm/train";
import { trainBertTokenizer } from "../shared/bertTokenizer.ts";
import { conclude, readSetting } from "../shared/example.ts";
import { judgedSentences, sentiments } from "../shared/sentiment.ts";
import { passagesOf, readSpeeches, type Speech } from "../shared/speeches.ts";
import { unigramLoss } from "../shared/unigramLoss.ts";
import { accuracyAfterTuning, accuracyOf } from "./sentimentTuning.ts";

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
const hidden = () => exampleBatches(passages(speeches.heldOut), { batchSize: 32, shuffle: false });
const batches = () =>
  exampleBatches(passages(speeches.train), { batchSize: 16, groupByLength: ({ inputIds }) => inputIds.length });
const steps = setting.steps({ full: 3200, small: 40 });
const pretraining = new Trainer({
  model: fresh,
  objective: masking,
  data: batches(),
  steps,
  evaluation: { data: hidden(), batches: 40, every: Math.ceil(steps / 10) },
  learningRate: linearSchedule({ peak: 2e-3, warmupSteps: Math.ceil(steps / 20), totalSteps: steps }),
  checkpoints: { folder: join(folder, "checkpoints"), every: Math.ceil(steps / 5) },
});
await pretraining.run();
await saveModel(pretraining.model, join(folder, "model"));
await saveTokenizer(tokenizer, join(folder, "model", "tokenizer.json"));

const lossOfHidden = async (model: BertForMaskedLM) =>
  (await evaluateModel(model, { objective: masking, data: hidden(), batches: 40 })).loss;
const { vocabularySize } = config;
const counting = { objective: masking, model: fresh, vocabularySize, train: batches(), heldOut: hidden(), batches: 40 };

const judged = (of: readonly Speech[]) => judgedSentences(of).map(({ text, label }) => ({ ...encode(text), label }));
const [train, heldOut] = [judged(speeches.train), judged(speeches.heldOut)];
const tuning = { train, heldOut, steps: setting.steps({ full: 320, small: 40 }), folder };
const untrained = new BertForSequenceClassification(config, { seed: 2 });
const pretrained = await loadWeights(untrained, join(folder, "model"), { partial: true });
conclude(
  [
    {
      metric: "loss at hidden tokens, held out",
      better: "lower",
      before: await lossOfHidden(fresh),
      after: await lossOfHidden(pretraining.model),
      baselines: { unigrams: await unigramLoss(counting) },
    },
    {
      metric: `accuracy on ${heldOut.length} held-out sentences`,
      better: "higher",
      before: await accuracyOf(pretrained, heldOut),
      after: await accuracyAfterTuning(pretrained, { ...tuning, name: "pretrained" }),
      baselines: { "one answer for all": 0.5 },
      // Single words decide the sign: they are soon learnt from scratch. What pre-training is good for is seen in example 05.
      beside: {
        "the same without pre-training": await accuracyAfterTuning(untrained, { ...tuning, name: "untrained" }),
      },
      fullOnly: true,
    },
  ],
  setting,
);
