// The two shapes in which generated choices are written: as text completions and as chat completions.
import type { FinishReason } from "@llm/model";
import type { Tokenizer } from "@llm/tokenizer";
import type {
  ChatChoice,
  ChatChunkChoice,
  ChatCompletion,
  ChatCompletionChunk,
  ChatLogprobs,
  ChatTokenLogprob,
} from "./chat.ts";
import type { MadeChoice } from "./choiceCollector.ts";
import { LogprobWriter, type ScoredToken } from "./completionLogprobs.ts";
import type { Completion, CompletionChoice } from "./openai.ts";
import { tokenBytes, tokenText } from "./tokenText.ts";

/** What came of a choice since its last chunk. */
interface ChoicePart {
  readonly text?: string;
  /** Of the tokens it came with, where the request asks for them. */
  readonly logprobs?: readonly ScoredToken[] | undefined;
  readonly finishReason?: FinishReason;
}

/** Writes the choices of one answer. */
export interface AnswerFormat {
  readonly idPrefix: string;
  /** The `object` of a whole answer, and of a chunk of a streamed one. */
  readonly wholeObject: (Completion | ChatCompletion)["object"];
  readonly chunkObject: (Completion | ChatCompletionChunk)["object"];
  whole(index: number, made: MadeChoice): CompletionChoice | ChatChoice;
  chunk(index: number, part: ChoicePart): CompletionChoice | ChatChunkChoice;
}

/** `withLogprobs`: whether the request asks for them; they are made for `best_of` as well. */
export function textFormat(tokenizer: Tokenizer, withLogprobs: boolean): AnswerFormat {
  const writers: LogprobWriter[] = [];
  return {
    idPrefix: "cmpl",
    wholeObject: "text_completion",
    chunkObject: "text_completion",
    whole: (index, { text, promptLogprobs, logprobs, finishReason }) => ({
      text,
      index,
      logprobs: withLogprobs ? new LogprobWriter(tokenizer).write([...promptLogprobs, ...logprobs]) : null,
      finish_reason: finishReason,
    }),
    chunk: (index, { text = "", logprobs, finishReason = null }) => {
      writers[index] ??= new LogprobWriter(tokenizer);
      return { text, index, logprobs: logprobs ? writers[index].write(logprobs) : null, finish_reason: finishReason };
    },
  };
}

/** The same for chat completions. */
export function chatFormat(tokenizer: Tokenizer, withLogprobs: boolean): AnswerFormat {
  const begun = new Set<number>();
  const write = (told: readonly ScoredToken[]) => chatLogprobs(tokenizer, told);
  return {
    idPrefix: "chatcmpl",
    wholeObject: "chat.completion",
    chunkObject: "chat.completion.chunk",
    whole: (index, { text, logprobs, finishReason }) => ({
      index,
      message: { role: "assistant", content: text, refusal: null },
      logprobs: withLogprobs ? write(logprobs) : null,
      finish_reason: finishReason,
    }),
    chunk: (index, { text, logprobs, finishReason = null }) => {
      const role = begun.has(index) ? {} : { role: "assistant" as const, content: "" };
      begun.add(index);
      return {
        index,
        delta: { ...role, ...(text === undefined ? {} : { content: text }) },
        logprobs: logprobs ? write(logprobs) : null,
        finish_reason: finishReason,
      };
    },
  };
}

function chatLogprobs(tokenizer: Tokenizer, told: readonly ScoredToken[]): ChatLogprobs {
  const write = ({ id, logprob }: { id: number; logprob: number }): ChatTokenLogprob => ({
    token: tokenText(tokenizer, id),
    logprob,
    bytes: tokenBytes(tokenizer, id),
  });
  return {
    // Without a probability is only a prompt's first token, and a chat's prompt is not repeated.
    content: told.flatMap(({ id, logprob, top }) =>
      logprob === null ? [] : [{ ...write({ id, logprob }), top_logprobs: top.map(write) }],
    ),
    refusal: null,
  };
}
