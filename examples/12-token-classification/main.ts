// Fine-tunes the BERT of example 04 to find the years, sums, days and shares in a text: a label for each word, in the scheme of named entities.
import { join } from "node:path";
import { exampleBatches } from "@llm/data";
import { BertForMaskedLM, BertForTokenClassification, loadModel, loadWeights, saveModel } from "@llm/model";
import { tensor } from "@llm/tensor";
import { loadTokenizer, saveTokenizer } from "@llm/tokenizer";
import { evaluateModel, labelsOfTokens, linearSchedule, Trainer, tokenClassification } from "@llm/train";
import { conclude, readSetting } from "../shared/example.ts";
import { readSpeeches, type Speech } from "../shared/speeches.ts";
import { entityF1OfCounting } from "./baselines.ts";
import { labels, namesOf, type TaggedPassage, taggedPassages } from "./taggedPassages.ts";

const setting = readSetting();
const folder = setting.folderOf("12-token-classification");
const base = join(setting.folderOf("04-pretrain-bert"), "model");
const tokenizer = await loadTokenizer(base);
const { config } = await loadModel(base, BertForMaskedLM);
const untrained = new BertForTokenClassification({ ...config, labels }, { seed: 4 });
const model = await loadWeights(untrained, base, { partial: true });

function encode(passage: TaggedPassage) {
  const { ids, offsets } = tokenizer.encodeWithOffsets(passage.text);
  return { ...passage, inputIds: ids, labels: labelsOfTokens(offsets, passage.words) };
}
const speeches = readSpeeches(setting);
const texts = (of: readonly Speech[]) =>
  taggedPassages(of)
    .map(encode)
    .filter(({ inputIds }) => inputIds.length <= config.contextLength);
const [train, heldOut] = [texts(speeches.train), texts(speeches.heldOut)];
console.log(`${train.length} texts to learn from, ${heldOut.length} held out`);

const objective = tokenClassification({ labels });
const test = () => exampleBatches(heldOut, { batchSize: 32, shuffle: false });
const steps = setting.steps({ full: 600, small: 40 });
const trainer = new Trainer({
  model,
  objective,
  data: exampleBatches(train, { batchSize: 16 }),
  steps,
  evaluation: { data: test(), batches: Number.POSITIVE_INFINITY, every: Math.ceil(steps / 12) },
  metricsFile: join(folder, "metrics.jsonl"),
  learningRate: linearSchedule({ peak: 1e-3, warmupSteps: Math.ceil(steps / 10), totalSteps: steps }),
});
await trainer.run();
await saveModel(trainer.model, join(folder, "model"));
await saveTokenizer(tokenizer, join(folder, "model", "tokenizer.json"));

const shown = heldOut.at(-5)!;
const { inputIds, labels: places } = shown;
const logits = trainer.model.forward(tensor([...inputIds], { dtype: "int32", shape: [1, inputIds.length] }));
const classes = Array.from((await logits.argMax(-1).data()) as Int32Array);
const guesses = classes.filter((_, i) => places[i]! >= 0);
console.log(`“${shown.text}”`, namesOf(shown, guesses));

const { metrics: before } = await evaluateModel(model, { objective, data: test() });
const { metrics: after } = await evaluateModel(trainer.model, { objective, data: test() });
conclude(
  [
    {
      metric: `F1 of what is named in ${heldOut.length} held-out texts`,
      better: "higher",
      before: before!.entityF1!,
      after: after!.entityF1!,
      baselines: { "each word's commonest label": entityF1OfCounting(train, heldOut) },
      fullOnly: true,
    },
  ],
  setting,
);
