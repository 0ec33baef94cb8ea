// Teaches the GPT of example 03 to answer: conversations in a chat template, a loss on the answers alone, several to a sequence.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exampleBatches } from "@llm/data";
import { type CausalLanguageModel, loadModel, saveModel } from "@llm/model";
import { ChatTemplate, loadTokenizer, saveTokenizer } from "@llm/tokenizer";
import { cosineSchedule, evaluateModel, instructionTuning, packExamples, Trainer } from "@llm/train";
import { chatTemplate, type Exchange, presidentQuestions, subjectRequests } from "../shared/conversations.ts";
import { conclude, readSetting } from "../shared/example.ts";
import { readSpeeches } from "../shared/speeches.ts";
import { shareAnswered, shareOfCommonest } from "./shareAnswered.ts";

const setting = readSetting();
const base = join(setting.folderOf("03-pretrain-gpt"), "model");
const folder = setting.folderOf("07-instruction-tuning");
const model = await loadModel(base);
const tokenizer = await loadTokenizer(base);
const template = new ChatTemplate(chatTemplate);

const { contextLength } = model.config;
const speeches = readSpeeches(setting);
const rows = (exchanges: readonly Exchange[]) => {
  const conversations = exchanges.map((exchange) => template.encode(tokenizer, exchange));
  return packExamples(
    conversations.filter(({ inputIds }) => inputIds.length <= contextLength),
    contextLength,
  );
};
// The questions three times, so that they are about as many as the requests.
const learnt = presidentQuestions(speeches.train);
const train = rows([...learnt, ...learnt, ...learnt, ...subjectRequests(speeches.train)]);
const questions = presidentQuestions(speeches.heldOut);
const heldOut = rows([...questions, ...subjectRequests(speeches.heldOut)]);

const objective = instructionTuning();
const test = () => ({ data: exampleBatches(heldOut, { batchSize: 4, shuffle: false }), batches: 50 });
const steps = setting.steps({ full: 1200, small: 30 });
const trainer = new Trainer({
  model,
  objective,
  data: exampleBatches(train, { batchSize: 4 }),
  steps,
  evaluation: { ...test(), every: Math.ceil(steps / 10) },
  metricsFile: join(folder, "metrics.jsonl"),
  learningRate: cosineSchedule({ peak: 1e-3, warmupSteps: Math.ceil(steps / 20), totalSteps: steps }),
});
await trainer.run();
await saveModel(trainer.model, join(folder, "model"));
await saveTokenizer(tokenizer, join(folder, "model", "tokenizer.json"));
// With these, `llm-serve` and transformers hold conversations with the model.
const chat = { chat_template: chatTemplate, eos_token: "<|end|>" };
await writeFile(join(folder, "model", "tokenizer_config.json"), JSON.stringify(chat));

const lossOf = async (model: CausalLanguageModel) => (await evaluateModel(model, { objective, ...test() })).loss;
const asked = { questions, template, tokenizer };
conclude(
  [
    {
      metric: "loss of held-out answers",
      better: "lower",
      before: await lossOf(model),
      after: await lossOf(trainer.model),
      baselines: {},
    },
    {
      metric: `right answers about ${questions.length / 3} years that were not learnt`,
      better: "higher",
      before: await shareAnswered(model, asked),
      after: await shareAnswered(trainer.model, asked),
      fullOnly: true,
      baselines: shareOfCommonest(questions, learnt),
    },
  ],
  setting,
);
