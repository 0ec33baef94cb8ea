// The wire format of OpenAI's completions API: what a request may hold, and the bodies that answer it.
import type { FinishReason } from "@llm/model";
import { z } from "zod";
import type { CompletionLogprobs } from "./completionLogprobs.ts";
import {
  flag,
  generationFields,
  optional,
  parseFields,
  refuse,
  type Unsupported,
  wholeFrom,
  wholeNumber,
} from "./requestFields.ts";

/** One text or several, each as a string or as token ids. */
export type Prompt = string | readonly string[] | readonly number[] | readonly (readonly number[])[];

const completionRequest = z.object(
  {
    ...generationFields,
    prompt: z.custom<Prompt>(
      isPrompt,
      "a string, an array of strings, an array of token ids, or an array of such arrays",
    ),
    max_tokens: wholeFrom(0, 16),
    logprobs: optional(wholeNumber(0, 5), undefined),
    best_of: wholeNumber(1, 128).nullish(),
    echo: flag(),
  },
  "a JSON object",
);

/** A request for completions, checked and with its defaults filled in. */
export type CompletionRequest = z.infer<typeof completionRequest> & { readonly best_of: number };

/** Ignoring them would answer something else than was asked. */
const unsupported: Unsupported = { suffix: (value) => value === "" };

/** Not a schema of unions: those would collect an issue for each element of a long prompt. */
function isPrompt(value: unknown): value is Prompt {
  if (typeof value === "string") return true;
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((text) => typeof text === "string") || isTokenIds(value) || value.every(isTokenIds);
}

function isTokenIds(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((id) => Number.isSafeInteger(id) && id >= 0);
}

/** @throws ApiError (400) that names the field, what it may hold and what came */
export function parseCompletionRequest(body: unknown): CompletionRequest {
  const fields = parseFields(body, completionRequest, unsupported);
  const request = { ...fields, best_of: fields.best_of ?? fields.n };
  if (request.best_of < request.n)
    refuse("best_of", `expected at least n, which is ${request.n}, got ${request.best_of}`);
  if (request.best_of > request.n && request.stream) {
    refuse("best_of", "the best are known only at the end and cannot be streamed (leave out stream or best_of)");
  }
  return request;
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

/** What every answer begins with, and every chunk of a streamed one; `object` says which it is. */
export interface AnswerHead<Kind extends string = string> {
  readonly id: string;
  readonly object: Kind;
  /** Unix time in seconds. */
  readonly created: number;
  readonly model: string;
}

/** A whole answer, or one chunk of a streamed one. */
export interface Completion extends AnswerHead<"text_completion"> {
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
