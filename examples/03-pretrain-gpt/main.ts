// Pre-trains a small GPT on the presidents' addresses, from text files to a model folder that the later examples start from.
import { join } from "node:path";
import { openTokenShards, writeTokenShards } from "@llm/data";
import { evaluateBaseline, interpolatedNgramModel, perplexity } from "@llm/eval";
import { Gpt, gptPresets, parameterCount, saveModel, TextGenerator } from "@llm/model";
import { saveTokenizer, trainByteLevelBpe } from "@llm/tokenizer";
import { cosineSchedule, muon, Trainer } from "@llm/train";
import { conclude, readSetting } from "../shared/example.ts";
import { readSpeeches } from "../shared/speeches.ts";

const setting = readSetting();
const folder = setting.folderOf("03-pretrain-gpt");
const steps = setting.steps({ full: 8000, small: 40 });
const { size, vocabulary } = setting.small
  ? { size: { layers: 2, heads: 2, width: 64, contextLength: 128 }, vocabulary: 512 }
  : { size: gptPresets["gpt-1m"], vocabulary: 2048 };

// The three tokens of a chat are for example 07: a vocabulary does not grow later.
const specialTokens = ["<|endoftext|>", "<|user|>", "<|assistant|>", "<|end|>"];
const speeches = readSpeeches(setting);
const tokenizer = await trainByteLevelBpe(
  speeches.train.map(({ text }) => text),
  { vocabularySize: vocabulary, specialTokens },
);
for (const [split, documents] of Object.entries(speeches)) {
  await writeTokenShards(documents, { folder: join(folder, split), encoder: tokenizer, endOfTextId: 0 });
}
await using train = await openTokenShards(join(folder, "train"));
await using heldOut = await openTokenShards(join(folder, "heldOut"));

const { vocabularySize } = tokenizer;
const model = new Gpt({ ...size, vocabularySize, beginOfTextId: 0, endOfTextId: 0 }, { seed: 1 });
console.log(`GPT with ${parameterCount(model)} parameters, ${train.tokenCount} tokens to train on`);
const windows = { batchSize: 4, sequenceLength: size.contextLength };
const trainer = new Trainer({
  model,
  data: train.batches({ ...windows, seed: 1 }),
  steps,
  optimizer: muon(),
  learningRate: cosineSchedule({ peak: 5e-3, floor: 5e-4, warmupSteps: Math.ceil(steps / 20), totalSteps: steps }),
  evaluation: { data: heldOut.batches({ ...windows, shuffle: false }), every: Math.ceil(steps / 10) },
  checkpoints: { folder: join(folder, "checkpoints"), every: Math.ceil(steps / 5) },
});
await trainer.run();
await saveModel(trainer.model, join(folder, "model"));
await saveTokenizer(tokenizer, join(folder, "model", "tokenizer.json"));

const generator = new TextGenerator(trainer.model);
const options = { maxNewTokens: 40, temperature: 0.8, topK: 40, tokenizer };
const [sample] = await generator.generateBatch([tokenizer.encode("The people of the United States")], options);
console.log(`“The people of the United States${sample!.text}”`);
generator.dispose();

const tokens = await heldOut.read(0, setting.small ? 4000 : 40_000);
const perplexityOfNgrams = async (order: number) => {
  const counted = await interpolatedNgramModel(train, { order, vocabularySize });
  return (await evaluateBaseline(counted, tokens)).perplexity;
};
conclude(
  [
    {
      metric: `perplexity of ${tokens.length} held-out tokens`,
      better: "lower",
      before: (await perplexity(model, tokens)).perplexity,
      after: (await perplexity(trainer.model, tokens)).perplexity,
      baselines: { unigrams: await perplexityOfNgrams(1), "interpolated bigrams": await perplexityOfNgrams(2) },
      beside: { "interpolated 5-grams": await perplexityOfNgrams(5) },
    },
  ],
  setting,
);
