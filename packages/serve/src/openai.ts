// The wire format of OpenAI's completions API: what a request may hold, and the bodies that answer it.
import type { FinishReason } from "@llm/model";
import { z } from "zod";
import { ApiError } from "./apiError.ts";
import type { CompletionLogprobs } from "./completionLogprobs.ts";

/** One text or several, each as a string or as token ids. */
export type Prompt = string | readonly string[] | readonly number[] | readonly (readonly number[])[];

const maxStops = 4;
const expectedChoices = "a whole number from 1 to 128";
const expectedLogprobs = "a whole number from 0 to 5";

function numberFrom(low: number, high: number, fallback: number) {
  const expected = `a number from ${low} to ${high}`;
  return optional(z.number(expected).min(low, expected).max(high, expected), fallback);
}

function wholeFrom(low: number, fallback: number, high = Number.MAX_SAFE_INTEGER) {
  const expected =
    high < Number.MAX_SAFE_INTEGER ? `a whole number from ${low} to ${high}` : `a whole number, at least ${low}`;
  return optional(z.int(expected).min(low, expected).max(high, expected), fallback);
}

/** Clients send null for a field they leave at its default. */
function optional<T>(schema: z.ZodType<T>, fallback: T) {
  return schema.nullish().transform((value) => value ?? fallback);
}

const flag = () => optional(z.boolean("true or false"), false);

const stopStrings = z.custom<string | string[]>((value) => {
  const stops = typeof value === "string" ? [value] : value;
  return (
    Array.isArray(stops) && stops.length <= maxStops && stops.every((stop) => typeof stop === "string" && stop !== "")
  );
}, `a string or an array of up to ${maxStops} strings, none of them empty`);

const expectedBiases = "an object of token ids with numbers from -100 to 100";
const logitBias = z.custom<Record<number, number>>(
  (value) =>
    typeof value === "object" &&
    !Array.isArray(value) &&
    Object.entries(value ?? {}).every(
      ([id, bias]) => /^\d+$/.test(id) && typeof bias === "number" && bias >= -100 && bias <= 100,
    ),
  expectedBiases,
);

const completionRequest = z.object(
  {
    model: z.string("a string").nullish(),
    prompt: z.custom<Prompt>(
      isPrompt,
      "a string, an array of strings, an array of token ids, or an array of such arrays",
    ),
    max_tokens: wholeFrom(0, 16),
    temperature: numberFrom(0, 2, 1),
    top_p: numberFrom(0, 1, 1),
    top_k: wholeFrom(0, 0),
    min_p: numberFrom(0, 1, 0),
    frequency_penalty: numberFrom(-2, 2, 0),
    presence_penalty: numberFrom(-2, 2, 0),
    repetition_penalty: numberFrom(0.01, 100, 1),
    logit_bias: optional(logitBias, {}),
    logprobs: z
      .int(expectedLogprobs)
      .min(0, expectedLogprobs)
      .max(5, expectedLogprobs)
      .nullish()
      .transform((count) => count ?? undefined),
    n: wholeFrom(1, 1, 128),
    best_of: z.int(expectedChoices).min(1, expectedChoices).max(128, expectedChoices).nullish(),
    seed: z.int("a whole number").nullish(),
    stop: stopStrings.nullish().transform((stop) => [stop ?? []].flat()),
    stream: flag(),
    stream_options: z.object({ include_usage: flag() }, "an object").nullish(),
    echo: flag(),
    user: z.string("a string").nullish(),
  },
  "a JSON object",
);

/** A request for completions, checked and with its defaults filled in. */
export type CompletionRequest = z.infer<typeof completionRequest> & { readonly best_of: number };

/** OpenAI's fields that change the text and are not there yet: ignoring them would answer something else than was asked. */
const unsupported: Readonly<Record<string, (value: unknown) => boolean>> = {
  suffix: (value) => value === "",
};

/** Not a schema of unions: those would collect an issue for each element of a long prompt. */
function isPrompt(value: unknown): value is Prompt {
  if (typeof value === "string") return true;
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((text) => typeof text === "string") || isTokenIds(value) || value.every(isTokenIds);
}

function isTokenIds(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((id) => Number.isSafeInteger(id) && id >= 0);
}

/**
 * Checks a request's JSON. Fields it does not know are ignored, as OpenAI does.
 *
 * @throws ApiError (400) that names the field, what it may hold and what came
 */
export function parseCompletionRequest(body: unknown): CompletionRequest {
  const result = completionRequest.safeParse(body);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    const value = path.reduce((at: unknown, key) => (at as Record<PropertyKey, unknown>)[key], body);
    throw invalid(path.map(String).join("."), message, value);
  }
  const request = { ...result.data, best_of: result.data.best_of ?? result.data.n };
  for (const [name, isHarmless] of Object.entries(unsupported)) {
    const value = (body as Record<string, unknown>)[name] ?? null;
    if (value === null || isHarmless(value)) continue;
    throw new ApiError(`${name}: this server does not support it, got ${shown(value)} (leave it out)`, {
      status: 400,
      param: name,
      code: "unsupported_parameter",
    });
  }
  if (request.stream_options && !request.stream) {
    refuse("stream_options", "only allowed when stream is true (set stream, or leave stream_options out)");
  }
  if (request.best_of < request.n)
    refuse("best_of", `expected at least n, which is ${request.n}, got ${request.best_of}`);
  if (request.best_of > request.n && request.stream) {
    refuse("best_of", "the best are known only at the end and cannot be streamed (leave out stream or best_of)");
  }
  if (request.logprobs !== undefined && request.echo) {
    refuse("logprobs", "this server has none for the prompt, which echo asks for (leave out echo or logprobs)");
  }
  return request;
}

function refuse(param: string, problem: string): never {
  throw new ApiError(`${param}: ${problem}`, { status: 400, param });
}

function invalid(param: string, expected: string, value: unknown): ApiError {
  const message = `${param || "request body"}: expected ${expected}, got ${shown(value)}`;
  return new ApiError(message, { status: 400, ...(param ? { param } : {}) });
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  try {
    const text = JSON.stringify(value);
    return text.length > 60 ? `${text.slice(0, 57)}...` : text;
  } catch {
    // JSON may be nested deeper when it is read than when it is written.
    return "something nested too deeply";
  }
}

/** Tokens of a request, as OpenAI counts them. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** One of the `n` texts of a completion. */
export interface CompletionChoice {
  readonly text: string;
  readonly index: number;
  /** Null where the request does not ask for them, and in a chunk without a token. */
  readonly logprobs: CompletionLogprobs | null;
  /** Null in a chunk that is not the choice's last. */
  readonly finish_reason: FinishReason | null;
}

/** A whole answer, or one chunk of a streamed one. */
export interface Completion {
  readonly id: string;
  readonly object: "text_completion";
  /** Unix time in seconds. */
  readonly created: number;
  readonly model: string;
  readonly choices: readonly CompletionChoice[];
  /** In a stream only where `stream_options.include_usage` asks for it: null in all chunks but the last. */
  readonly usage?: Usage | null;
}

export interface ModelDescription {
  readonly id: string;
  readonly object: "model";
  readonly created: number;
  readonly owned_by: string;
}

export function completionChoice(
  index: number,
  text: string,
  {
    finishReason = null,
    logprobs = null,
  }: { finishReason?: FinishReason | null; logprobs?: CompletionLogprobs | null } = {},
): CompletionChoice {
  return { text, index, logprobs, finish_reason: finishReason };
}
