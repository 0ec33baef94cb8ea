// From a checked request to pieces of text: prompts become token ids, new tokens become text that ends at a stop string.
import { ApiError } from "./apiError.ts";
import type { Engine, FinishReason, SequenceRequest } from "./engine.ts";
import type { CompletionRequest, Prompt, Usage } from "./openai.ts";
import { endOfTextIds, type ServedModel } from "./servedModel.ts";
import { StopScanner } from "./stopStrings.ts";

/** Gets the choices' text as it comes; choices of one request take turns. */
export interface CompletionListener {
  text(choice: number, text: string): void;
  finish(choice: number, reason: FinishReason): void;
}

export interface CompletionContext {
  readonly engine: Engine;
  readonly served: ServedModel;
  readonly listener: CompletionListener;
  readonly signal: AbortSignal;
}

/**
 * Starts to answer a request: `n` choices for each prompt, in order. Resolves with the token counts when all have ended;
 * if one fails or the signal aborts, all end and it rejects.
 *
 * @throws ApiError at once for a prompt the model cannot take, QueueFullError and EngineClosedError if the engine does not take it
 */
export function startCompletion(request: CompletionRequest, context: CompletionContext): Promise<Usage> {
  const { engine, served, listener, signal } = context;
  const prompts = listPrompts(request.prompt).map((prompt) => readPrompt(prompt, request, served));
  const choices = prompts.flatMap((prompt) => Array.from({ length: request.n }, () => prompt));
  const { maxRunning, maxWaiting } = engine.status;
  if (choices.length > maxRunning + maxWaiting) {
    throw new ApiError(
      `n: ${prompts.length} prompts times n ${request.n} is ${choices.length} sequences, this server takes ${maxRunning + maxWaiting} at once (send fewer)`,
      { status: 400, param: "n" },
    );
  }
  const decoders = choices.map(
    (_, index) => new ChoiceDecoder(served, request.stop, (text) => listener.text(index, text)),
  );
  const seed = request.seed ?? randomSeed();
  const sequences = choices.map(({ ids }, index) =>
    sequenceRequest(request, served, { ids, seed, index, decoder: decoders[index]! }),
  );
  const end = new AbortController();
  const abort = () => end.abort(signal.reason);
  if (signal.aborted) abort();
  const reasons =
    request.max_tokens === 0
      ? sequences.map(async () => "length" as const)
      : engine.submit(sequences, { signal: end.signal });
  signal.addEventListener("abort", abort, { once: true });
  for (const [index, { echoed }] of choices.entries()) if (echoed !== "") listener.text(index, echoed);
  const finished = reasons.map(async (reason, index) => listener.finish(index, decoders[index]!.finish(await reason)));
  return Promise.all(finished)
    .then(() => usage(prompts, decoders))
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

function readPrompt(prompt: string | readonly number[], request: CompletionRequest, served: ServedModel): ReadPrompt {
  const { tokenizer } = served;
  const ids = typeof prompt === "string" ? encodePrompt(prompt, served) : prompt;
  checkIds(ids, served);
  const { contextLength } = served.model.config;
  const newTokens = Math.min(request.max_tokens, 1);
  if (ids.length + newTokens > contextLength) {
    throw new ApiError(
      `prompt: the model's context holds ${contextLength} tokens with at least ${newTokens} new one, the prompt has ${ids.length} (shorten it)`,
      { status: 400, param: "prompt", code: "context_length_exceeded" },
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

interface SequenceParts {
  readonly ids: ArrayLike<number>;
  readonly seed: number;
  readonly index: number;
  readonly decoder: ChoiceDecoder;
}

function sequenceRequest(request: CompletionRequest, served: ServedModel, parts: SequenceParts): SequenceRequest {
  const { ids, seed, index, decoder } = parts;
  return {
    promptIds: ids,
    maxNewTokens: request.max_tokens,
    temperature: request.temperature,
    // 0 asks for the likeliest token alone, which the smallest share above 0 is.
    topP: Math.max(request.top_p, Number.MIN_VALUE),
    topK: request.top_k,
    // Each choice draws its own numbers; towards 0, where whole numbers never run out.
    seed: seed > 0 ? seed - index : seed + index,
    stopIds: endOfTextIds(served),
    onToken: (id) => decoder.push(id),
  };
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

function usage(prompts: readonly ReadPrompt[], decoders: readonly ChoiceDecoder[]): Usage {
  const promptTokens = prompts.reduce((sum, { ids }) => sum + ids.length, 0);
  const completionTokens = decoders.reduce((sum, { tokens }) => sum + tokens, 0);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** Turns one choice's tokens into text: whole characters only, nothing from a stop string on. */
class ChoiceDecoder {
  tokens = 0;
  readonly #known: number;
  readonly #stream: { push(id: number): string; end(): string };
  readonly #scanner: StopScanner;
  readonly #emit: (text: string) => void;

  constructor({ tokenizer }: ServedModel, stops: readonly string[], emit: (text: string) => void) {
    this.#known = tokenizer.vocabularySize;
    this.#stream = tokenizer.decodeStream({ skipSpecialTokens: true });
    this.#scanner = new StopScanner(stops);
    this.#emit = emit;
  }

  /** True when a stop string is complete. */
  push(id: number): boolean {
    this.tokens++;
    // A model may have rows that pad its vocabulary to a round size; they stand for no text.
    this.#give(id < this.#known ? this.#scanner.push(this.#stream.push(id)) : "");
    return this.#scanner.stopped;
  }

  /** Gives out what was held back; returns why the text ended. */
  finish(reason: FinishReason): FinishReason {
    if (this.#scanner.stopped) return "stop";
    this.#give(this.#scanner.push(this.#stream.end()) + this.#scanner.end());
    return this.#scanner.stopped ? "stop" : reason;
  }

  #give(text: string): void {
    if (text !== "") this.#emit(text);
  }
}
