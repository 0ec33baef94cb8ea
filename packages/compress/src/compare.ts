// A model before and after compression: size, how well it predicts a text, and how fast it runs.
import { type LanguageModelScore, type PerplexityOptions, perplexity, type Tokens } from "@llm/eval";
import { type CausalLanguageModel, parameterBytes } from "@llm/model";
import type { Executor } from "@llm/tensor";
import { CompressionError } from "./errors.ts";
import { decodeProbe, forwardProbe, measureInTurns, type SpeedProbe, type SpeedSamples } from "./speed.ts";

/** Options of `compare`. */
export interface CompareOptions {
  /** The text for perplexity; its beginning also feeds the speed measurements. At least two tokens. */
  readonly tokens: Tokens;
  /** How perplexity is computed. */
  readonly perplexity?: Omit<PerplexityOptions, "executor" | "signal" | "onProgress">;
  /** Speed measurements of each model; the median is reported. Default 5. */
  readonly rounds?: number;
  /** Tokens generated in one measurement of decoding, at least 2. Default 64, or what the context leaves. */
  readonly newTokens?: number;
  /** Sequences in one measurement of the batch forward. Default 8. */
  readonly batchSize?: number;
  /** Tokens of these sequences. Default 128, or the context length where that is shorter. */
  readonly sequenceLength?: number;
  readonly signal?: AbortSignal;
  /** Default: `defaultExecutor()`. */
  readonly executor?: Executor;
}

/** What is measured of one model. */
export interface ModelMeasurement {
  /** Bytes of all parameters. */
  readonly bytes: number;
  readonly score: LanguageModelScore;
  /** Tokens per second of generation with a cache, one sequence. */
  readonly decode: SpeedSamples;
  /** Tokens per second of whole sequences in a batch. */
  readonly forward: SpeedSamples;
}

/** Two models side by side, as plain data. */
export interface Comparison {
  readonly before: ModelMeasurement;
  readonly after: ModelMeasurement;
}

const defaultPromptLength = 16;

/**
 * Measures two models in one run; the speeds in turns, so that both meet the same machine.
 * @throws CompressionError for models with different vocabularies or context lengths, or options outside their limits.
 *
 * @example
 * const comparison = await compare(model, await quantizeInt8(model), { tokens: validation });
 * console.log(comparisonTable(comparison));
 */
export async function compare(
  before: CausalLanguageModel,
  after: CausalLanguageModel,
  options: CompareOptions,
): Promise<Comparison> {
  const models = [before, after];
  const setting = await speedSetting(models, options);
  const { signal, executor } = options;
  const shared = { ...(executor ? { executor } : {}), ...(signal ? { signal } : {}) };
  const [beforeScore, afterScore] = [
    await perplexity(before, options.tokens, { ...options.perplexity, ...shared }),
    await perplexity(after, options.tokens, { ...options.perplexity, ...shared }),
  ];
  const measure = (probe: (model: CausalLanguageModel) => SpeedProbe) =>
    measureInTurns(models.map(probe), { rounds: setting.rounds, signal });
  const decode = await measure((model) => decodeProbe(model, { ...setting, ...shared }));
  const forward = await measure((model) => forwardProbe(model, { ...setting, ...shared }));
  return {
    before: { bytes: parameterBytes(before), score: beforeScore, decode: decode[0]!, forward: forward[0]! },
    after: { bytes: parameterBytes(after), score: afterScore, decode: decode[1]!, forward: forward[1]! },
  };
}

interface SpeedSetting {
  readonly rounds: number;
  readonly newTokens: number;
  readonly prompt: Uint32Array;
  readonly inputIds: Int32Array;
  readonly shape: readonly [number, number];
}

async function speedSetting(models: readonly CausalLanguageModel[], options: CompareOptions): Promise<SpeedSetting> {
  const [{ config }, { config: other }] = models as [CausalLanguageModel, CausalLanguageModel];
  for (const name of ["vocabularySize", "contextLength"] as const) {
    if (config[name] !== other[name]) {
      throw new CompressionError(
        `compare: expected models with the same ${name}, got ${config[name]} and ${other[name]} (compare a model with one made from it)`,
      );
    }
  }
  const { contextLength } = config;
  const promptLength = Math.min(defaultPromptLength, Math.floor(contextLength / 2));
  const room = contextLength - promptLength;
  const { rounds = 5, newTokens = Math.min(64, room), batchSize = 8 } = options;
  const { sequenceLength = Math.min(128, contextLength) } = options;
  requireWhole("rounds", rounds, { least: 1, most: 10_000 });
  requireWhole("newTokens", newTokens, { least: 2, most: room });
  requireWhole("batchSize", batchSize, { least: 1, most: 65_536 });
  requireWhole("sequenceLength", sequenceLength, { least: 1, most: contextLength });
  const ids = await firstTokens(options.tokens, batchSize * sequenceLength);
  return {
    rounds,
    newTokens,
    prompt: Uint32Array.from({ length: promptLength }, (_, i) => ids[i % ids.length]!),
    inputIds: Int32Array.from({ length: batchSize * sequenceLength }, (_, i) => ids[i % ids.length]!),
    shape: [batchSize, sequenceLength],
  };
}

/** The beginning of the text; where it is short it is repeated. */
async function firstTokens(tokens: Tokens, count: number): Promise<Uint32Array> {
  const available = tokens instanceof Uint32Array ? tokens.length : tokens.tokenCount;
  if (available < 2) throw new CompressionError(`compare: at least 2 tokens are needed, got ${available}`);
  const length = Math.min(count, available);
  return tokens instanceof Uint32Array ? tokens.subarray(0, length) : tokens.read(0, length);
}

function requireWhole(name: string, value: number, { least, most }: { least: number; most: number }): void {
  if (!(Number.isInteger(value) && value >= least && value <= most)) {
    throw new CompressionError(`compare: ${name} must be a whole number from ${least} to ${most}, got ${value}`);
  }
}
