// Perplexity of a causal language model with a sliding window: every token is predicted once, with at least
// `windowLength - stride` tokens before it. One compiled program runs all windows, several at a time.
import type { CausalLanguageModel } from "@llm/model";
import { compile, type Executor, type Tensor, tensor } from "@llm/tensor";
import { EvaluationError } from "./errors.ts";
import { checkedByteCount, type LanguageModelScore, languageModelScore } from "./score.ts";
import { requireInVocabulary, type TokenSource, type Tokens, tokenSource } from "./tokenSource.ts";
import { type Window, windowAt, windowCount } from "./windows.ts";

/** Options of `perplexity`. */
export interface PerplexityOptions {
  /** Tokens of a window. Default, and at most: the model's context length. */
  readonly windowLength?: number;
  /**
   * Tokens from one window's start to the next, below `windowLength`. A smaller stride gives tokens more context and takes
   * more windows. Default: half of the window.
   */
  readonly stride?: number;
  /** Windows in one run. Default: as many as keep the logits below 256 MiB, at most 16. */
  readonly batchSize?: number;
  /** UTF-8 bytes of the text, for bits per byte. Default: what the tokens say of themselves. */
  readonly byteCount?: number;
  readonly onProgress?: (progress: PerplexityProgress) => void;
  readonly signal?: AbortSignal;
  /** Default: `defaultExecutor()`. */
  readonly executor?: Executor;
}

/** How far an evaluation is. */
export interface PerplexityProgress {
  /** Tokens scored so far. */
  readonly tokens: number;
  readonly totalTokens: number;
  /** Of the tokens so far. */
  readonly perplexity: number;
}

const ignored = -100;
const maximumBatchSize = 16;
const maximumLogits = 2 ** 26;

/**
 * How well `model` predicts `tokens`: each token but the first, given those before it in its window (the windows of Hugging
 * Face's guide "Perplexity of fixed-length models"; the counts are exact where the guide's are off by one per window).
 * The tokens are one stream: windows reach across the ends of documents. Losses are added up per token in double precision,
 * so the result does not depend on the batch size (for a model with quantised activations, it does in the rounding).
 * @throws EvaluationError for fewer than two tokens, ids outside the vocabulary, options outside their limits, or a loss
 * that is not a number. What `signal` aborts with.
 *
 * @example
 * const validation = await openTokenShards("shards", { split: "validation" });
 * const { perplexity: value, bitsPerByte } = await perplexity(model, validation, { stride: 64 });
 */
export async function perplexity(
  model: CausalLanguageModel,
  tokens: Tokens,
  options: PerplexityOptions = {},
): Promise<LanguageModelScore> {
  const source = tokenSource(tokens);
  const plan = planWindows(model, source, options);
  const byteCount = checkedByteCount("perplexity", options.byteCount ?? source.byteCount);
  using losses = compile(
    (model: CausalLanguageModel, inputIds: Tensor, labels: Tensor) =>
      model.forward(inputIds).crossEntropy(labels, { ignoreIndex: ignored, reduction: "none" }),
    { constants: [0], ...(options.executor ? { executor: options.executor } : {}) },
  );
  let sum = 0;
  let scored = 0;
  for (let first = 0; first < plan.windows; first += plan.batchSize) {
    options.signal?.throwIfAborted();
    const batch = await readBatch(model, source, plan, first);
    using inputIds = tensor(batch.inputIds, { shape: [plan.batchSize, plan.inputLength] });
    using labels = tensor(batch.labels, { shape: [plan.batchSize, plan.inputLength] });
    using result = await losses(model, inputIds, labels);
    sum = addLosses(sum, (await result.data()) as Float32Array, { from: scored, count: batch.scored });
    scored += batch.scored;
    options.onProgress?.({ tokens: scored, totalTokens: source.tokenCount - 1, perplexity: Math.exp(sum / scored) });
  }
  return languageModelScore(sum, scored, byteCount);
}

interface WindowPlan {
  readonly tokenCount: number;
  readonly windowLength: number;
  readonly stride: number;
  readonly windows: number;
  readonly batchSize: number;
  /** Positions the model runs on: a window's last token is only ever a label. */
  readonly inputLength: number;
}

function planWindows(model: CausalLanguageModel, { tokenCount }: TokenSource, options: PerplexityOptions): WindowPlan {
  const { contextLength, vocabularySize } = model.config;
  if (tokenCount < 2) throw new EvaluationError(`perplexity: at least 2 tokens are needed, got ${tokenCount}`);
  const asked = options.windowLength ?? contextLength;
  requireWhole("windowLength", asked, 2, contextLength, "the model's context length");
  const stride = options.stride ?? Math.max(1, Math.floor(asked / 2));
  requireWhole("stride", stride, 1, asked - 1, "windowLength - 1, so that each token has one before it");
  const windowLength = Math.min(asked, tokenCount);
  const windows = windowCount({ tokenCount, windowLength, stride });
  const fitting = Math.floor(maximumLogits / (windowLength * vocabularySize));
  const batchSize = options.batchSize ?? Math.min(maximumBatchSize, Math.max(1, fitting));
  requireWhole("batchSize", batchSize, 1, Number.MAX_SAFE_INTEGER, "the largest whole number");
  return {
    tokenCount,
    windowLength,
    stride,
    windows,
    batchSize: Math.min(batchSize, windows),
    inputLength: windowLength - 1,
  };
}

function requireWhole(name: string, value: number, least: number, most: number, limit: string): void {
  if (!(Number.isInteger(value) && value >= least && value <= most)) {
    throw new EvaluationError(
      `perplexity: ${name} must be a whole number from ${least} to ${most} (${limit}), got ${value}`,
    );
  }
}

interface WindowBatch {
  /** int32 [batchSize, inputLength] */
  readonly inputIds: Int32Array;
  /** int32 [batchSize, inputLength]; -100 where a token is context or padding. */
  readonly labels: Int32Array;
  /** Labels that count. */
  readonly scored: number;
}

async function readBatch(
  model: CausalLanguageModel,
  source: TokenSource,
  plan: WindowPlan,
  first: number,
): Promise<WindowBatch> {
  const { batchSize, inputLength } = plan;
  const windows: Window[] = [];
  for (let i = first; i < Math.min(first + batchSize, plan.windows); i++) windows.push(windowAt(i, plan));
  const { start } = windows[0]!;
  const last = windows.at(-1)!;
  const tokens = await source.read(start, last.start + last.length - start);
  requireInVocabulary("perplexity", tokens, model.config.vocabularySize, start);

  const inputIds = new Int32Array(batchSize * inputLength);
  const labels = new Int32Array(batchSize * inputLength).fill(ignored);
  let scored = 0;
  for (let row = 0; row < batchSize; row++) {
    // Rows without a window repeat the last one without labels: unlike zeros, they do not widen a quantised model's ranges.
    const window = windows[row] ?? last;
    const at = window.start - start;
    inputIds.set(tokens.subarray(at, at + window.length - 1), row * inputLength);
    if (row >= windows.length) continue;
    for (let place = window.scoredFrom; place < window.start + window.length; place++) {
      labels[row * inputLength + (place - window.start - 1)] = tokens[place - start]!;
      scored += 1;
    }
  }
  return { inputIds, labels, scored };
}

/** Adds the losses one by one, so that batches of any size give the same bits; positions without a label have the loss 0. */
function addLosses(sum: number, losses: Float32Array, place: { from: number; count: number }): number {
  let total = sum;
  for (let i = 0; i < losses.length; i++) total += losses[i]!;
  if (Number.isNaN(total)) {
    throw new EvaluationError(
      `perplexity: the loss is not a number among tokens ${place.from + 1} to ${place.from + place.count} (the model's weights may be damaged)`,
    );
  }
  return total;
}
