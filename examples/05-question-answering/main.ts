// Fine-tunes the BERT of example 04 to find answers in passages (extractive question answering).
import { join } from "node:path";
import { exampleBatches } from "@llm/data";
import { BertForMaskedLM, BertForQuestionAnswering, loadModel, loadWeights, saveModel } from "@llm/model";
import { loadTokenizer } from "@llm/tokenizer";
import {
  evaluateModel,
  extractiveQuestionAnswering,
  linearSchedule,
  questionWindows,
  scoreAnswer,
  Trainer,
} from "@llm/train";
import { conclude, readSetting } from "../shared/example.ts";
import { speechQuestions } from "../shared/questions.ts";
import { readSpeeches } from "../shared/speeches.ts";

const setting = readSetting();
const folder = setting.folderOf("05-question-answering");
const base = join(setting.folderOf("04-pretrain-bert"), "model");
const tokenizer = await loadTokenizer(base);
const { config } = await loadModel(base, BertForMaskedLM);
const speeches = readSpeeches({ small: false });
const [questions, heldOut] = [speechQuestions(speeches.train), speechQuestions(speeches.heldOut)];
const windows = (of: typeof questions) =>
  of.flatMap((question) => questionWindows(tokenizer, question, { maximumLength: config.contextLength, stride: 32 }));
console.log(`${questions.length} questions to learn from, for example:`, questions[0]);

const objective = extractiveQuestionAnswering();
const test = () => exampleBatches(windows(heldOut), { batchSize: 32, shuffle: false });
const batches = setting.small ? 4 : Number.POSITIVE_INFINITY;
const f1 = async (model: BertForQuestionAnswering) =>
  (await evaluateModel(model, { objective, data: test(), batches })).metrics!.f1!;

const steps = setting.steps({ full: 1200, small: 40 });
async function tuned(model: BertForQuestionAnswering, name: string): Promise<BertForQuestionAnswering> {
  const trainer = new Trainer({
    model,
    objective,
    data: exampleBatches(windows(questions), { batchSize: 16 }),
    steps,
    evaluation: { data: test(), batches, every: Math.ceil(steps / 12) },
    metricsFile: join(folder, `${name}.jsonl`),
    learningRate: linearSchedule({ peak: 1e-3, warmupSteps: Math.ceil(steps / 10), totalSteps: steps }),
  });
  await trainer.run();
  return trainer.model;
}

const untrained = new BertForQuestionAnswering(config, { seed: 3 });
const pretrained = await loadWeights(untrained, base, { partial: true });
const model = await tuned(pretrained, "pretrained");
await saveModel(model, join(folder, "model"));
const guesses = heldOut.map(
  ({ facts, answers }) =>
    scoreAnswer(
      facts[0]!,
      answers.map(({ text }) => text),
    ).f1,
);
conclude(
  [
    {
      metric: `F1 of the answers to ${heldOut.length} held-out questions`,
      better: "higher",
      before: await f1(pretrained),
      after: await f1(model),
      baselines: {
        "the first fact of the passage, whatever is asked": guesses.reduce((a, b) => a + b) / guesses.length,
        "the same without pre-training": await f1(await tuned(untrained, "untrained")),
      },
    },
  ],
  setting,
);
