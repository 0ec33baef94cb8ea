// OpenAI's chat completions: what a request may hold, the prompt that a conversation becomes, and the bodies that answer it.
import type { FinishReason } from "@llm/model";
import { FormatError } from "@llm/tokenizer";
import { z } from "zod";
import { ApiError } from "./apiError.ts";
import type { AnswerHead, CompletionRequest, Usage } from "./openai.ts";
import {
  flag,
  generationFields,
  optional,
  parseFields,
  refuse,
  type Unsupported,
  wholeNumber,
} from "./requestFields.ts";
import type { ServedModel } from "./servedModel.ts";

const expectedContent = 'a string, or an array of { "type": "text", "text": … } parts (other kinds are not read here)';
const content = z
  .union([z.string(), z.array(z.object({ type: z.literal("text"), text: z.string() }))], expectedContent)
  .nullish();

/** Fields beside role and content are the template's: `name`, `tool_calls`, … */
const message = z.looseObject(
  { role: z.string("a string").regex(/^\w[\w-]*$/, "a name such as user, assistant or system"), content },
  'an object with "role" and "content"',
);

const expectedMessages = "an array of messages, at least one";
const chatRequest = z.object(
  {
    ...generationFields,
    messages: z.array(message, expectedMessages).min(1, expectedMessages),
    max_tokens: wholeNumber(1).nullish(),
    max_completion_tokens: wholeNumber(1).nullish(),
    logprobs: flag(),
    top_logprobs: optional(wholeNumber(0, 20), undefined),
    chat_template_kwargs: optional(z.record(z.string(), z.unknown(), "an object"), {}),
  },
  "a JSON object",
);

/** A request for chat completions, checked and with its defaults filled in. */
export type ChatRequest = z.infer<typeof chatRequest>;

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0;
const unsupported: Unsupported = {
  tools: isEmptyList,
  tool_choice: (value) => value === "none" || value === "auto",
  functions: isEmptyList,
  function_call: (value) => value === "none" || value === "auto",
  response_format: (value) => (value as { type?: unknown }).type === "text",
  modalities: (value) => Array.isArray(value) && value.every((kind) => kind === "text"),
  audio: () => false,
};

/** @throws ApiError (400) that names the field, what it may hold and what came */
export function parseChatRequest(body: unknown): ChatRequest {
  const request = parseFields(body, chatRequest, unsupported);
  if (request.top_logprobs !== undefined && !request.logprobs) {
    refuse("top_logprobs", "only allowed when logprobs is true (set logprobs, or leave top_logprobs out)");
  }
  return request;
}

/**
 * The completion that a chat request asks for: the conversation in the model's chat template, with the assistant's turn open. Without
 * a limit the answer may fill the context.
 *
 * @throws ApiError (400) if the model has no chat template or the template refuses the messages
 */
export function chatCompletion(request: ChatRequest, served: ServedModel): CompletionRequest {
  const { logprobs, top_logprobs, max_completion_tokens, max_tokens } = request;
  return {
    ...request,
    prompt: chatPrompt(request, served),
    max_tokens: max_completion_tokens ?? max_tokens ?? served.model.config.contextLength,
    logprobs: logprobs ? (top_logprobs ?? 0) : undefined,
    best_of: request.n,
    echo: false,
  };
}

/** Stands in messages where text would otherwise read as a special token. No text holds this noncharacter. */
const cut = "\ufdd2";

/** The template's special tokens are recognised, those that a message spells are not: no user may end their turn and speak as another. */
function chatPrompt({ messages, chat_template_kwargs }: ChatRequest, served: ServedModel): number[] {
  const { tokenizer, chatTemplate, name } = served;
  if (!chatTemplate) {
    throw new ApiError(
      `messages: "${name}" has no chat template (send a prompt to /v1/completions, or start the server with a template)`,
      { status: 400, param: "messages", code: "no_chat_template" },
    );
  }
  // The longest first, where one begins another.
  const special = [...tokenizer.specialTokens.keys()].sort((a, b) => b.length - a.length);
  const text = inTemplate(() => {
    const plain = messages.map(({ role, content, ...fields }) => ({
      ...mapStrings(fields, (text) => spellOut(text, special)),
      role,
      content: spellOut(textOf(content), special),
    }));
    return chatTemplate.render(plain, { addGenerationPrompt: true, variables: chat_template_kwargs });
  });
  const ids = text
    .split(cut)
    .flatMap((part) => [...tokenizer.encode(part, { allowedSpecial: "all", addSpecialTokens: false })]);
  if (ids.length === 0) refuse("messages", "the chat template makes nothing of them (send some text)");
  return ids;
}

function inTemplate(work: () => string): string {
  try {
    return work();
  } catch (error) {
    if (FormatError.isInstance(error)) refuse("messages", error.message);
    if (error instanceof RangeError) refuse("messages", "they are nested too deeply");
    throw error;
  }
}

function textOf(content: ChatRequest["messages"][number]["content"]): string {
  if (!Array.isArray(content)) return content ?? "";
  return content.map(({ text }) => text).join("\n");
}

function spellOut(text: string, special: readonly string[]): string {
  return special.reduce((text, token) => {
    const [first = ""] = token;
    return text.replaceAll(token, () => first + cut + token.slice(first.length));
  }, text);
}

function mapStrings<T>(value: T, map: (text: string) => string): T;
function mapStrings(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, map));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, map)]));
}

/** Log-probabilities of an answer's tokens, as chat completions give them. */
export interface ChatLogprobs {
  readonly content: readonly (ChatTokenLogprob & { readonly top_logprobs: readonly ChatTokenLogprob[] })[];
  readonly refusal: null;
}

export interface ChatTokenLogprob {
  readonly token: string;
  /** Natural logarithm. */
  readonly logprob: number;
  /** In UTF-8; null for a part of a character. */
  readonly bytes: readonly number[] | null;
}

/** One of the `n` answers to a conversation. */
export interface ChatChoice {
  readonly index: number;
  readonly message: { readonly role: "assistant"; readonly content: string; readonly refusal: null };
  /** Null where the request does not ask for them. */
  readonly logprobs: ChatLogprobs | null;
  readonly finish_reason: FinishReason | null;
}

/** A part of one of them: the first has the role, the last the reason why it ended. */
export interface ChatChunkChoice {
  readonly index: number;
  readonly delta: { readonly role?: "assistant"; readonly content?: string };
  readonly logprobs: ChatLogprobs | null;
  readonly finish_reason: FinishReason | null;
}

/** A whole answer to a chat request. */
export interface ChatCompletion extends AnswerHead<"chat.completion"> {
  readonly choices: readonly ChatChoice[];
  readonly usage: Usage;
}

/** One chunk of a streamed answer. */
export interface ChatCompletionChunk extends AnswerHead<"chat.completion.chunk"> {
  readonly choices: readonly ChatChunkChoice[];
  /** Only where `stream_options.include_usage` asks for it: null in all chunks but the last. */
  readonly usage?: Usage | null;
}
