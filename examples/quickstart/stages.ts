// What the quickstart does, stage by stage, through the public API of the packages. Each stage returns plain JSON.
import { createHash } from "node:crypto";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Comparison, compare, comparisonTable, quantizeInt8 } from "@llm/compress";
import {
  deduplicate,
  filterLength,
  normalize,
  openTokenShards,
  type PipelineReport,
  pipeline,
  readDocuments,
  type TokenDataset,
  writeDocuments,
  writeTokenShards,
} from "@llm/data";
import {
  type EvaluationRow,
  evaluateBaseline,
  gzipBitsPerByte,
  interpolatedNgramModel,
  perplexity,
  uniformModel,
  unigramModel,
} from "@llm/eval";
import { Gpt, loadModel, parameterCount, saveModel, TextGenerator } from "@llm/model";
import { loadTokenizer, saveTokenizer, trainByteLevelBpe } from "@llm/tokenizer";
import { adamW, cosineSchedule, findCheckpoint, type StepEvent, type TrainEvent, Trainer } from "@llm/train";
import { counterLine } from "./counterLine.ts";
import type { Settings } from "./settings.ts";

const endOfText = "<|endoftext|>";

/** Where things are in the output folder. */
export function paths(output: string) {
  const at = (name: string) => join(output, name);
  return {
    corpus: at("corpus.jsonl"),
    dropped: at("dropped.jsonl"),
    tokenizer: at("tokenizer.json"),
    shards: at("shards"),
    checkpoints: at("checkpoints"),
    model: at("model"),
    int8: at("model-int8"),
    report: at("report.html"),
  };
}

type Paths = ReturnType<typeof paths>;

export async function cleanCorpus(settings: Settings, to: Paths): Promise<PipelineReport> {
  const line = counterLine();
  const source = readDocuments(settings.data, {
    badInput: "skip",
    // One large file must become several documents, or none could be held out.
    textDocumentBytes: 256 * 1024,
    onProgress: ({ bytesRead, totalBytes }) => line.show(`read ${megabytes(bytesRead)} of ${megabytes(totalBytes)}`),
  });
  const clean = pipeline(source, [normalize(), filterLength({ minCharacters: 200 }), deduplicate()], {
    droppedFile: to.dropped,
  });
  await writeDocuments(clean.documents, to.corpus);
  line.end(`${clean.report().out.documents} of ${clean.report().in.documents} documents kept`);
  return clean.report();
}

export async function trainTokenizer(settings: Settings, to: Paths): Promise<{ vocabularySize: number }> {
  const line = counterLine();
  const tokenizer = await trainByteLevelBpe(textsOf(to.corpus), {
    vocabularySize: settings.vocabularySize,
    specialTokens: [endOfText],
    onProgress: (progress) =>
      line.show(
        progress.phase === "merging"
          ? `${progress.vocabularySize} of ${progress.target} tokens`
          : `${progress.texts} texts counted`,
      ),
  });
  await saveTokenizer(tokenizer, to.tokenizer);
  line.end(`${tokenizer.vocabularySize} tokens`);
  return { vocabularySize: tokenizer.vocabularySize };
}

async function* textsOf(corpus: string): AsyncGenerator<string> {
  for await (const { text } of readDocuments(corpus)) yield text;
}

export async function writeShards(to: Paths): Promise<{ trainTokens: number; validationTokens: number }> {
  const line = counterLine();
  const encoder = await loadTokenizer(to.tokenizer);
  const tokenizerHash = createHash("sha256")
    .update(await readFile(to.tokenizer))
    .digest("hex");
  await writeTokenShards(readDocuments(to.corpus), {
    folder: to.shards,
    encoder,
    tokenizerHash,
    endOfTextId: encoder.tokenToId(endOfText)!,
    split: { validation: 0.05 },
    onProgress: ({ tokens }) => line.show(`${tokens} tokens`),
  });
  await using train = await openTokenShards(to.shards);
  await using validation = await openTokenShards(to.shards, { split: "validation" });
  line.end(`${train.tokenCount} tokens to train on, ${validation.tokenCount} held out`);
  return { trainTokens: train.tokenCount, validationTokens: validation.tokenCount };
}

export interface TrainSummary {
  readonly parameters: number;
  readonly steps: Pick<StepEvent, "step" | "loss">[];
  readonly evaluations: { step: number; loss: number }[];
  readonly tokensPerSecond: number;
}

/** Trains to the last step, or goes on from where it was stopped; undefined if it was stopped again. */
export async function trainModel(
  settings: Settings,
  to: Paths,
  checkpoints: string,
): Promise<TrainSummary | undefined> {
  const tokenizer = await loadTokenizer(to.tokenizer);
  const endOfTextId = tokenizer.tokenToId(endOfText);
  const config = {
    ...settings.model,
    vocabularySize: tokenizer.vocabularySize,
    beginOfTextId: endOfTextId,
    endOfTextId,
  };
  const model = new Gpt(config, { seed: 1 });
  console.log(`      GPT with ${(parameterCount(model) / 1e6).toFixed(2)} M parameters`);
  await using train = await openTokenShards(to.shards);
  await using validation = await openTokenShards(to.shards, { split: "validation" });
  const { batchSize, steps, peakLearningRate, evaluateEvery } = settings;
  const sequenceLength = settings.model.contextLength;
  const trainer = new Trainer({
    model,
    data: train.batches({ batchSize, sequenceLength, seed: 1 }),
    steps,
    optimizer: adamW({ beta2: 0.99 }),
    learningRate: cosineSchedule({
      peak: peakLearningRate,
      floor: peakLearningRate / 10,
      warmupSteps: Math.ceil(steps / 20),
      totalSteps: steps,
    }),
    evaluation: {
      data: validation.batches({ batchSize, sequenceLength, shuffle: false }),
      every: evaluateEvery,
      batches: 40,
    },
    // More steps are another schedule from here on.
    checkpoints: { folder: checkpoints, every: evaluateEvery, mayChange: ["learningRate"] },
  });
  const result = await trainer.run();
  if (result.interrupted) return undefined;
  const best = await loadModel((await findCheckpoint(checkpoints, "best"))!);
  await saveModel(best, to.model);
  await copyFile(to.tokenizer, join(to.model, "tokenizer.json"));
  return summarize(await readMetrics(checkpoints), parameterCount(model));
}

async function readMetrics(checkpoints: string): Promise<TrainEvent[]> {
  const text = await readFile(join(checkpoints, "metrics.jsonl"), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as TrainEvent);
}

function summarize(events: readonly TrainEvent[], parameters: number): TrainSummary {
  const steps = events.filter((event) => event.type === "step");
  const evaluations = events.filter((event) => event.type === "evaluation");
  return {
    parameters,
    steps: steps.map(({ step, loss }) => ({ step, loss })),
    evaluations: evaluations.map(({ step, loss }) => ({ step, loss })),
    tokensPerSecond: steps.at(-1)!.tokensPerSecond,
  };
}

/** The first held-out tokens as a text of known size: what every system is scored on. */
async function evaluatedPart(validation: TokenDataset, settings: Settings, to: Paths) {
  const tokens = await validation.read(0, Math.min(settings.evaluatedTokens, validation.tokenCount));
  const tokenizer = await loadTokenizer(to.tokenizer);
  const text = tokenizer.decode(tokens, { skipSpecialTokens: true });
  return { tokens, text, byteCount: Buffer.byteLength(text) };
}

export async function evaluate(settings: Settings, to: Paths): Promise<EvaluationRow[]> {
  const line = counterLine();
  await using train = await openTokenShards(to.shards);
  await using validation = await openTokenShards(to.shards, { split: "validation" });
  const { tokens, text, byteCount } = await evaluatedPart(validation, settings, to);
  const { vocabularySize } = train;
  const model = await loadModel(to.model);
  const score = await perplexity(model, tokens, {
    byteCount,
    onProgress: ({ tokens, totalTokens }) => line.show(`${tokens} of ${totalTokens} tokens`),
  });
  line.show("baselines");
  const ngram = await interpolatedNgramModel(train, { order: 5, vocabularySize });
  const unigram = await unigramModel(train, { vocabularySize });
  const rows: EvaluationRow[] = [
    { name: "GPT", ...score },
    { name: "interpolated 5-gram", ...(await evaluateBaseline(ngram, tokens, { byteCount })) },
    { name: "unigram", ...(await evaluateBaseline(unigram, tokens, { byteCount })) },
    { name: "uniform", ...(await evaluateBaseline(uniformModel(vocabularySize), tokens, { byteCount })) },
    { name: "gzip", bitsPerByte: await gzipBitsPerByte(text) },
  ];
  line.end(`on ${tokens.length} held-out tokens`);
  return rows;
}

export async function compress(settings: Settings, to: Paths): Promise<Comparison> {
  await using validation = await openTokenShards(to.shards, { split: "validation" });
  const { tokens, byteCount } = await evaluatedPart(validation, settings, to);
  const before = await loadModel(to.model);
  const after = await quantizeInt8(before);
  await saveModel(after, to.int8);
  await copyFile(to.tokenizer, join(to.int8, "tokenizer.json"));
  const comparison = await compare(before, after, { tokens, perplexity: { byteCount } });
  console.log(comparisonTable(comparison).replace(/^/gm, "      "));
  return comparison;
}

export interface Sample {
  readonly prompt: string;
  readonly text: string;
}

export async function writeSamples(to: Paths): Promise<Sample[]> {
  const tokenizer = await loadTokenizer(to.tokenizer);
  const generator = new TextGenerator(await loadModel(to.model));
  const samples: Sample[] = [];
  for (const [i, prompt] of [
    "The people of the United States",
    "Our economy",
    "In the coming year we must",
  ].entries()) {
    const stream = tokenizer.decodeStream();
    let text = "";
    const options = {
      maxNewTokens: 80,
      temperature: 0.8,
      topK: 50,
      seed: i,
      stopIds: [tokenizer.tokenToId(endOfText)!],
    };
    for await (const id of generator.generate(tokenizer.encode(prompt), options)) text += stream.push(id);
    text += stream.end();
    samples.push({ prompt, text });
  }
  generator.dispose();
  const [first] = samples;
  console.log(`      “${first!.prompt}${first!.text}”`);
  return samples;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
