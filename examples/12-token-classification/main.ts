// Puts capitals, commas and full stops back into text without them: the BERT of example 04 tells of each word what it had.
import { join } from "node:path";
import { exampleBatches } from "@llm/data";
import { BertForMaskedLM, BertForTokenClassification, loadModel, loadWeights, saveModel } from "@llm/model";
import { tensor } from "@llm/tensor";
import { loadTokenizer, saveTokenizer } from "@llm/tokenizer";
import { evaluateModel, labelsOfTokens, linearSchedule, Trainer, tokenClassification } from "@llm/train";
import { conclude, type Outcome, readSetting } from "../shared/example.ts";
import { readSpeeches, type Speech } from "../shared/speeches.ts";
import { type BareText, bareTexts, labels, restored } from "./bareWords.ts";
import { scoresOfCounting } from "./baselines.ts";

const setting = readSetting();
const folder = setting.folderOf("12-token-classification");
const base = join(setting.folderOf("04-pretrain-bert"), "model");
const tokenizer = await loadTokenizer(base);
const { config } = await loadModel(base, BertForMaskedLM);
const untrained = new BertForTokenClassification({ ...config, labels }, { seed: 4 });
const model = await loadWeights(untrained, base, { partial: true });

function encode({ text, words }: BareText) {
  const { ids, offsets } = tokenizer.encodeWithOffsets(text);
  return { inputIds: ids, labels: labelsOfTokens(offsets, words) };
}
const speeches = readSpeeches(setting);
const texts = (of: readonly Speech[]) =>
  of
    .flatMap(({ text }) => bareTexts(text, setting.small ? 20 : 40))
    .filter((bare) => encode(bare).inputIds.length <= config.contextLength);
const [train, heldOut] = [texts(speeches.train), texts(speeches.heldOut)];
console.log(`${train.length} texts to learn from, ${heldOut.length} held out`);

const objective = tokenClassification({ labels });
const test = () => exampleBatches(heldOut.map(encode), { batchSize: 32, shuffle: false });
const steps = setting.steps({ full: 1500, small: 40 });
const trainer = new Trainer({
  model,
  objective,
  data: exampleBatches(train.map(encode), { batchSize: 16 }),
  steps,
  evaluation: { data: test(), batches: 20, every: Math.ceil(steps / 12) },
  metricsFile: join(folder, "metrics.jsonl"),
  learningRate: linearSchedule({ peak: 1e-3, warmupSteps: Math.ceil(steps / 10), totalSteps: steps }),
});
await trainer.run();
await saveModel(trainer.model, join(folder, "model"));
await saveTokenizer(tokenizer, join(folder, "model", "tokenizer.json"));

const shown = heldOut.at(-5)!;
const { inputIds, labels: places } = encode(shown);
const logits = trainer.model.forward(tensor([...inputIds], { dtype: "int32", shape: [1, inputIds.length] }));
const classes = Array.from((await logits.argMax(-1).data()) as Int32Array);
const guesses = classes.filter((_, i) => places[i]! >= 0);
console.log(`“${shown.text}”\n“${restored(shown, guesses)}”`);

const { metrics: before } = await evaluateModel(model, { objective, data: test() });
const { metrics: after } = await evaluateModel(trainer.model, { objective, data: test() });
const counted = Object.entries(scoresOfCounting(train, heldOut));
const outcome = (metric: string, name: "accuracy" | "f1"): Outcome => ({
  metric,
  better: "higher",
  before: before![name]!,
  after: after![name]!,
  baselines: Object.fromEntries(counted.map(([choice, scores]) => [choice, scores[name]])),
});
conclude([outcome("words right, held out", "accuracy"), outcome("mean F1 of the six labels", "f1")], setting);
