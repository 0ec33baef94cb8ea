// What generation gives out: tokens as they come, and whole sequences.
import type { GeneratedLogprob } from "./logprobs.ts";

/** Why a sequence ended: the model (a stop id) or a stop string ended it, or there was no room for more tokens. */
export type FinishReason = "stop" | "length";

/** A new token of one of the sequences that are generated together. */
export interface GeneratedToken {
  readonly type: "token";
  /** Index of its sequence: those of the first prompt come first. */
  readonly sequence: number;
  /** Index of that sequence's prompt. */
  readonly prompt: number;
  readonly id: number;
  /** The text that became certain with it, often empty; always without `tokenizer`. */
  readonly text: string;
  /** Only with `logprobs`. */
  readonly logprob?: GeneratedLogprob;
}

/** The end of one of the sequences. */
export interface GeneratedEnd {
  readonly type: "end";
  readonly sequence: number;
  readonly prompt: number;
  readonly finishReason: FinishReason;
  /** The text that was held back until it was clear that no stop string begins. */
  readonly text: string;
}

/** What `stream` tells of a sequence: its next token, or its end. */
export type GenerationEvent = GeneratedToken | GeneratedEnd;

/** A whole sequence. */
export interface Generation {
  /** Index of its prompt. */
  readonly prompt: number;
  /** The new tokens, without the stop id that ended them. */
  readonly ids: readonly number[];
  readonly finishReason: FinishReason;
  /** Empty without `tokenizer`. */
  readonly text: string;
  /** One for each id; only with `logprobs`. */
  readonly logprobs?: readonly GeneratedLogprob[];
  /** Of beam search: the sum of the log-probabilities, the stop id's included, over the length to the power `lengthPenalty`. */
  readonly score?: number;
}

/** A prompt as a strategy sees it. */
export interface Start {
  /** What the decoder reads before the first new token: the prompt, or the start token behind an encoder. */
  readonly ids: readonly number[];
  readonly maxNewTokens: number;
}
