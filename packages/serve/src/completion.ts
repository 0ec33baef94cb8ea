// From a checked request to pieces of text: prompts become token ids, and the choices' new tokens become text.
import type { FinishReason, GeneratedLogprob } from "@llm/model";
import { ApiError } from "./apiError.ts";
import type { ScoredToken } from "./completionLogprobs.ts";
import type { Engine, SequenceRequest } from "./engine.ts";
import type { CompletionRequest, Prompt, Usage } from "./openai.ts";
import { endOfTextIds, type ServedModel } from "./servedModel.ts";

/** Gets the choices' text as it comes; choices of one request take turns. */
export interface CompletionListener {
  /** The prompt's text, before all else, where the request wants it repeated. */
  prompt(choice: number, text: string, logprobs?: readonly ScoredToken[]): void;
  /** Text that came, and the probability of the token it came with where the request asks for that; not both are empty. */
  text(choice: number, text: string, logprob?: GeneratedLogprob): void;
  finish(choice: number, reason: FinishReason): void;
}

export interface CompletionContext {
  readonly engine: Engine;
  readonly served: ServedModel;
  readonly listener: CompletionListener;
  /** The request's field that the prompt comes from, which errors name. */
  readonly promptField: string;
  readonly signal: AbortSignal;
}

/**
 * Starts to answer a request: `best_of` choices for each prompt, in order. Resolves with the token counts when all have ended;
 * if one fails or the signal aborts, all end and it rejects.
 *
 * @throws ApiError at once for a prompt the model cannot take, QueueFullError and EngineClosedError if the engine does not take it
 */
export function startCompletion(request: CompletionRequest, context: CompletionContext): Promise<Usage> {
  const { engine, served, listener, signal } = context;
  const prompts = listPrompts(request.prompt).map((prompt) => readPrompt(prompt, request, context));
  const choices = prompts.flatMap((prompt) => Array.from({ length: request.best_of }, () => prompt));
  const { maxRunning, maxWaiting } = engine.status;
  if (choices.length > maxRunning + maxWaiting) {
    const name = request.best_of > request.n ? "best_of" : "n";
    throw new ApiError(
      `${name}: ${prompts.length} prompts times ${name} ${request.best_of} is ${choices.length} sequences, this server takes ${maxRunning + maxWaiting} at once (send fewer)`,
      { status: 400, param: name },
    );
  }
  const tokens = choices.map(() => 0);
  checkBiases(request, served);
  const options = generateOptions(request, served);
  const seed = request.seed ?? randomSeed();
  const sequences = choices.map(
    ({ ids, echoed }, index): SequenceRequest => ({
      ...options,
      promptIds: ids,
      ...(request.echo && request.logprobs !== undefined
        ? { onPrompt: (scores) => listener.prompt(index, echoed, [{ id: ids[0]!, logprob: null, top: [] }, ...scores]) }
        : {}),
      // Each choice draws its own numbers; towards 0, where whole numbers never run out.
      seed: seed > 0 ? seed - index : seed + index,
      onToken: ({ text, logprob }) => {
        tokens[index]! += 1;
        if (text !== "" || logprob) listener.text(index, text, logprob);
        return false;
      },
    }),
  );
  const end = new AbortController();
  const abort = () => end.abort(signal.reason);
  if (signal.aborted) abort();
  const ends = engine.submit(sequences, { signal: end.signal });
  signal.addEventListener("abort", abort, { once: true });
  if (request.echo && request.logprobs === undefined) {
    for (const [index, { echoed }] of choices.entries()) if (echoed !== "") listener.prompt(index, echoed);
  }
  const finished = ends.map(async (end, index) => {
    const { finishReason, text } = await end;
    if (text !== "") listener.text(index, text);
    listener.finish(index, finishReason);
  });
  return Promise.all(finished)
    .then(() => usage(prompts, tokens))
    .finally(() => {
      signal.removeEventListener("abort", abort);
      end.abort();
    });
}

interface ReadPrompt {
  readonly ids: ArrayLike<number>;
  /** The prompt's text where the request wants it repeated. */
  readonly echoed: string;
}

function listPrompts(prompt: Prompt): readonly (string | readonly number[])[] {
  if (typeof prompt === "string") return [prompt];
  return typeof prompt[0] === "number"
    ? [prompt as readonly number[]]
    : (prompt as readonly (string | readonly number[])[]);
}

function readPrompt(
  prompt: string | readonly number[],
  request: CompletionRequest,
  { served, promptField }: CompletionContext,
): ReadPrompt {
  const { tokenizer } = served;
  const ids = typeof prompt === "string" ? encodePrompt(prompt, served) : prompt;
  checkIds(ids, served);
  const { contextLength } = served.model.config;
  const newTokens = Math.min(request.max_tokens, 1);
  if (ids.length + newTokens > contextLength) {
    throw new ApiError(
      `${promptField}: the model's context holds ${contextLength} tokens with at least ${newTokens} new one, the prompt has ${ids.length} (shorten it)`,
      { status: 400, param: promptField, code: "context_length_exceeded" },
    );
  }
  if (!request.echo) return { ids, echoed: "" };
  const known = Array.from(ids).filter((id) => id < tokenizer.vocabularySize);
  return { ids, echoed: typeof prompt === "string" ? prompt : tokenizer.decode(known) };
}

/** An empty text begins as a document does: after the end of another. */
function encodePrompt(text: string, served: ServedModel): ArrayLike<number> {
  const ids = served.tokenizer.encode(text);
  if (ids.length > 0) return ids;
  const start = endOfTextIds(served).slice(0, 1);
  if (start.length > 0) return start;
  throw new ApiError("prompt: it is empty, and the model has no end-of-text token to begin with (send some text)", {
    status: 400,
    param: "prompt",
  });
}

function checkIds(ids: ArrayLike<number>, served: ServedModel): void {
  const { vocabularySize } = served.model.config;
  for (let i = 0; i < ids.length; i++) {
    if (ids[i]! < vocabularySize) continue;
    throw new ApiError(`prompt: token id ${ids[i]} at position ${i} is outside the vocabulary of ${vocabularySize}`, {
      status: 400,
      param: "prompt",
    });
  }
}

function checkBiases({ logit_bias }: CompletionRequest, served: ServedModel): void {
  const { vocabularySize } = served.model.config;
  const unknown = Object.keys(logit_bias).find((id) => Number(id) >= vocabularySize);
  if (unknown === undefined) return;
  throw new ApiError(`logit_bias: token id ${unknown} is outside the vocabulary of ${vocabularySize}`, {
    status: 400,
    param: "logit_bias",
  });
}

/** What all choices of a request have in common. */
function generateOptions(
  request: CompletionRequest,
  served: ServedModel,
): Omit<SequenceRequest, "promptIds" | "onToken"> {
  return {
    maxNewTokens: request.max_tokens,
    temperature: request.temperature,
    // 0 asks for the likeliest token alone, which the smallest share above 0 is.
    topP: Math.max(request.top_p, Number.MIN_VALUE),
    topK: request.top_k,
    minP: request.min_p,
    repetitionPenalty: request.repetition_penalty,
    frequencyPenalty: request.frequency_penalty,
    presencePenalty: request.presence_penalty,
    logitBias: request.logit_bias,
    stopIds: endOfTextIds(served),
    stopStrings: request.stop,
    tokenizer: served.tokenizer,
    // Which are best is told by their probabilities.
    ...(request.logprobs !== undefined || request.best_of > request.n
      ? { logprobs: Math.min(request.logprobs ?? 0, served.model.config.vocabularySize) }
      : {}),
  };
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

function usage(prompts: readonly ReadPrompt[], tokens: readonly number[]): Usage {
  const promptTokens = prompts.reduce((sum, { ids }) => sum + ids.length, 0);
  const completionTokens = tokens.reduce((sum, count) => sum + count, 0);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}
