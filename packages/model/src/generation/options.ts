// What may be asked of generation, and the limits of each option.
import { ModelError } from "../errors.ts";
import type { LogitsProcessor } from "./logitsProcessors.ts";
import type { TokenDecoder } from "./textStream.ts";

/** How a token is drawn. */
export interface SamplingOptions {
  /** Divides the logits; 0 takes the likeliest token. Default 1. */
  temperature?: number;
  /** Only the k likeliest tokens stay. Default 0: all. */
  topK?: number;
  /** Only the likeliest tokens whose probabilities add up to p stay (Holtzman et al. 2020). Default 1: all. */
  topP?: number;
  /** Only tokens at least this many times as likely as the likeliest stay (Nguyen et al. 2024). Default 0: all. */
  minP?: number;
  /** Whole number that makes the draws repeatable: the same prompt and seed give the same tokens, alone or in a batch. Default 0. */
  seed?: number;
}

/** What changes the logits before a token is chosen, in this order. */
export interface ProcessorOptions {
  /** Added to the logits of single tokens, by id. Default none. */
  logitBias?: Readonly<Record<number, number>>;
  /**
   * Above 1 makes tokens of the prompt and of what was generated less likely (Keskar et al. 2019, as transformers). Default 1.
   */
  repetitionPenalty?: number;
  /** Taken off a token's logit for each time it was generated, from -2 to 2 (as OpenAI; the prompt does not count). Default 0. */
  frequencyPenalty?: number;
  /** Taken off a token's logit once it was generated, from -2 to 2. Default 0. */
  presencePenalty?: number;
  /** No sequence of so many tokens comes twice, the prompt included. Default 0: any may. */
  noRepeatNgramSize?: number;
  /** Run after those above. Default none. */
  logitsProcessors?: readonly LogitsProcessor[];
}

/** When a sequence ends, and what is told of it. */
export interface GenerateOptions extends SamplingOptions, ProcessorOptions {
  /** Default: until the context is full. */
  maxNewTokens?: number;
  /** Tokens after which generation ends; the token itself is not given out. Default none. */
  stopIds?: readonly number[];
  /** Texts that end a sequence as soon as one is complete; `tokenizer` must be given too. They are no part of the text. Default none. */
  stopStrings?: readonly string[];
  /** Makes text of the tokens. Default none: only ids are given out. */
  tokenizer?: TokenDecoder;
  /**
   * How many of the likeliest tokens to tell beside each generated one, with their log-probabilities by the model itself (before
   * penalties and temperature); 0 tells only of the generated one. Default: nothing is told.
   */
  logprobs?: number;
  signal?: AbortSignal;
}

export interface StreamOptions extends GenerateOptions {
  /** Sequences drawn for each prompt; after beam search, how many of the best to return. Default 1. */
  numberOfSequences?: number;
}

export interface BeamOptions {
  /** Sequences that are followed at the same time; above 1 nothing is drawn, and the likeliest whole sequences are searched for. Default 1. */
  beams?: number;
  /** A finished sequence's score is the sum of its log-probabilities over its length to this power: above 0 favours long ones. Default 1. */
  lengthPenalty?: number;
  /**
   * When to stop searching: true once `beams` sequences are finished; false when it is unlikely that better ones come; "never" when
   * none can come. As in transformers. Default false.
   */
  earlyStopping?: boolean | "never";
}

export interface BatchOptions extends StreamOptions, BeamOptions {}

interface Limit {
  readonly holds: (value: number) => boolean;
  readonly expected: string;
}

const wholeFrom = (least: number): Limit => ({
  holds: (value) => Number.isInteger(value) && value >= least,
  expected: least === 0 ? "a whole number, at least 0" : `a whole number above ${least - 1}`,
});
const from = (least: number, most: number): Limit => ({
  holds: (value) => value >= least && value <= most,
  expected: `a number from ${least} to ${most}`,
});

const limits = {
  temperature: { holds: (value) => value >= 0 && Number.isFinite(value), expected: "a number, at least 0" },
  topK: wholeFrom(0),
  topP: { holds: (value) => value > 0 && value <= 1, expected: "above 0 and at most 1" },
  minP: from(0, 1),
  seed: { holds: Number.isSafeInteger, expected: "a whole number" },
  repetitionPenalty: { holds: (value) => value > 0 && Number.isFinite(value), expected: "a number above 0" },
  frequencyPenalty: from(-2, 2),
  presencePenalty: from(-2, 2),
  noRepeatNgramSize: wholeFrom(0),
  maxNewTokens: wholeFrom(1),
  logprobs: wholeFrom(0),
  numberOfSequences: wholeFrom(1),
  beams: wholeFrom(1),
  lengthPenalty: { holds: Number.isFinite, expected: "a number" },
} satisfies Partial<Record<keyof BatchOptions, Limit>>;

/** Throws a `ModelError` that names the option outside its limits, or those that do not go together. */
export function checkOptions(options: BatchOptions, vocabularySize: number): void {
  for (const [name, { holds, expected }] of Object.entries(limits) as [keyof typeof limits, Limit][]) {
    const value = options[name];
    if (value !== undefined && !holds(value)) fail(`${name} must be ${expected}, got ${value}`);
  }
  checkIds(options, vocabularySize);
  for (const name of ["logprobs", "beams"] as const) {
    if ((options[name] ?? 0) > vocabularySize) {
      fail(`${name} must be at most the ${vocabularySize} tokens of the vocabulary, got ${options[name]}`);
    }
  }
  checkStopStrings(options);
  if ((options.beams ?? 1) > 1) checkBeams(options);
  else checkDraws(options);
}

function checkIds({ logitBias = {}, stopIds = [] }: GenerateOptions, vocabularySize: number): void {
  for (const [id, bias] of Object.entries(logitBias)) {
    if (!(Number.isInteger(Number(id)) && Number(id) >= 0 && Number(id) < vocabularySize)) {
      fail(`logitBias names token id ${id}, outside the vocabulary of ${vocabularySize}`);
    }
    if (!(bias < Number.POSITIVE_INFINITY)) fail(`logitBias of token id ${id} must be a number, got ${bias}`);
  }
  for (const id of stopIds) if (!Number.isInteger(id)) fail(`stopIds must hold token ids, got ${id}`);
}

function checkStopStrings({ stopStrings = [], tokenizer }: GenerateOptions): void {
  if (stopStrings.includes("")) fail("stopStrings must not hold an empty text (leave it out)");
  if (stopStrings.length > 0 && !tokenizer)
    fail("stopStrings need the tokenizer that makes text of the tokens (give it as tokenizer)");
}

function checkBeams({ beams = 1, numberOfSequences = 1, earlyStopping = false, ...options }: BatchOptions): void {
  if (numberOfSequences > beams) {
    fail(`numberOfSequences must be at most the ${beams} beams, got ${numberOfSequences}`);
  }
  if (![true, false, "never"].includes(earlyStopping))
    fail(`earlyStopping must be true, false or "never", got ${earlyStopping}`);
  const { temperature = 0, topK = 0, topP = 1, minP = 0 } = options;
  if (temperature !== 0 || topK !== 0 || topP !== 1 || minP !== 0) {
    fail("beam search does not draw tokens (leave out temperature, topK, topP and minP, or beams)");
  }
}

function checkDraws({ numberOfSequences = 1, temperature = 1, topK = 0 }: StreamOptions): void {
  if (numberOfSequences > 1 && (temperature === 0 || topK === 1)) {
    fail(`${numberOfSequences} sequences of the likeliest tokens would all be the same (set temperature, or beams)`);
  }
}

function fail(problem: string): never {
  throw new ModelError(`generate: ${problem}`);
}
