// Trains a GPT of a fraction of the size with the GPT of example 03 as its teacher, beside the same small GPT without a teacher.
import { join } from "node:path";
import { openTokenShards } from "@llm/data";
import { perplexity } from "@llm/eval";
import { Gpt, loadModel, parameterCount, saveModel } from "@llm/model";
import { adamW, causalLanguageModel, cosineSchedule, distillation, type Objective, Trainer } from "@llm/train";
import { conclude, readSetting } from "../shared/example.ts";

const setting = readSetting();
const folder = setting.folderOf("10-distillation");
const teaching = setting.folderOf("03-pretrain-gpt");
const teacher = await loadModel(join(teaching, "model"));
const { vocabularySize, contextLength } = teacher.config;
await using train = await openTokenShards(join(teaching, "train"));
await using heldOut = await openTokenShards(join(teaching, "heldOut"));

const size = { vocabularySize, contextLength, layers: 2, heads: 2, width: setting.small ? 32 : 64 };
const student = new Gpt({ ...size, beginOfTextId: 0, endOfTextId: 0 }, { seed: 1 });
console.log(`teacher ${parameterCount(teacher)} parameters, student ${parameterCount(student)}`);

const steps = setting.steps({ full: 2000, small: 40 });
async function trained(objective: Objective): Promise<Gpt> {
  const trainer = new Trainer({
    model: student,
    objective,
    data: train.batches({ batchSize: 4, sequenceLength: contextLength, seed: 1 }),
    steps,
    metricsFile: join(folder, `${objective.name}.jsonl`),
    optimizer: adamW({ beta2: 0.99 }),
    learningRate: cosineSchedule({ peak: 4e-3, warmupSteps: Math.ceil(steps / 20), totalSteps: steps }),
  });
  await trainer.run();
  return trainer.model as Gpt;
}
const alone = await trained(causalLanguageModel);
const distilled = await trained(distillation({ teacher, objective: causalLanguageModel, temperature: 2, alpha: 0.5 }));
await saveModel(distilled, join(folder, "model"));

const tokens = await heldOut.read(0, setting.small ? 4000 : 40_000);
conclude(
  [
    {
      metric: `perplexity of ${tokens.length} held-out tokens`,
      better: "lower",
      before: (await perplexity(student, tokens)).perplexity,
      after: (await perplexity(distilled, tokens)).perplexity,
      baselines: { "the same without a teacher": (await perplexity(alone, tokens)).perplexity },
      beside: { "the teacher": (await perplexity(teacher, tokens)).perplexity },
    },
  ],
  setting,
);
