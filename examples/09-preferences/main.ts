// Has the GPT of example 07 prefer the language of today (DPO): of two sentences on a subject, each from a speech, the modern one. The
// pairs are in preferences.jsonl, made by makePreferences.ts.
import { join } from "node:path";
import { exampleBatches } from "@llm/data";
import { type CausalLanguageModel, loadModel, saveModel, TextGenerator } from "@llm/model";
import { loadTokenizer, saveTokenizer } from "@llm/tokenizer";
import { evaluateModel, linearSchedule, preferenceOptimization, scorePreferences, Trainer } from "@llm/train";
import { conclude, readSetting } from "../shared/example.ts";
import { promptIds, readPairs } from "./readPairs.ts";

const setting = readSetting();
const folder = setting.folderOf("09-preferences");
const base = join(setting.folderOf("07-instruction-tuning"), "model");
const reference = await loadModel(base);
const tokenizer = await loadTokenizer(base);
const scored = await scorePreferences(reference, await readPairs(tokenizer, reference.config));
const [train, heldOut] = [scored.filter((_, i) => i % 5 !== 0), scored.filter((_, i) => i % 5 === 0)];
console.log(`${train.length} pairs to learn from`);

const steps = setting.steps({ full: 300, small: 20 });
const objective = preferenceOptimization({ beta: 0.1 });
const test = () => exampleBatches(heldOut, { batchSize: 8, shuffle: false });
const trainer = new Trainer({
  model: reference,
  objective,
  data: exampleBatches(train, { batchSize: 8 }),
  steps,
  evaluation: { data: test(), batches: Number.POSITIVE_INFINITY, every: Math.ceil(steps / 10) },
  metricsFile: join(folder, "metrics.jsonl"),
  learningRate: linearSchedule({ peak: 3e-4, warmupSteps: Math.ceil(steps / 10), totalSteps: steps }),
});
await trainer.run();
await saveModel(trainer.model, join(folder, "model"));
await saveTokenizer(tokenizer, join(folder, "model", "tokenizer.json"));

/** Share of the held-out pairs of which the model finds the chosen answer likelier. */
async function shareOfChosen(model: CausalLanguageModel): Promise<number> {
  const pairs = await scorePreferences(model, heldOut);
  const right = pairs.filter(({ referenceLogProbabilities: { chosen, rejected } }) => chosen > rejected);
  return right.length / pairs.length;
}
for (const [name, model] of Object.entries({ before: reference, after: trainer.model })) {
  const generator = new TextGenerator(model);
  const options = { maxNewTokens: 40, temperature: 0.7, tokenizer, stopIds: [tokenizer.tokenToId("<|end|>")!] };
  const [answer] = await generator.generateBatch([promptIds(tokenizer, "Say something about peace.")], options);
  console.log(`${name}: “${answer!.text}”`);
  generator.dispose();
}
const shorter = heldOut.filter(({ chosenIds, rejectedIds }) => chosenIds.length < rejectedIds.length);
const lossOf = async (model: CausalLanguageModel) => (await evaluateModel(model, { objective, data: test() })).loss;
conclude(
  [
    {
      metric: "DPO's loss of held-out pairs",
      better: "lower",
      before: await lossOf(reference),
      after: await lossOf(trainer.model),
      baselines: {},
    },
    {
      metric: `of ${heldOut.length} held-out pairs, the chosen answer likelier`,
      better: "higher",
      before: await shareOfChosen(reference),
      after: await shareOfChosen(trainer.model),
      fullOnly: true,
      baselines: { "the answer with fewer tokens": shorter.length / heldOut.length, "a coin": 0.5 },
    },
  ],
  setting,
);
