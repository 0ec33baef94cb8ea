// The public names of @llm/serve.
export { ApiError, type ErrorBody } from "./apiError.ts";
export type {
  ChatChoice,
  ChatChunkChoice,
  ChatCompletion,
  ChatCompletionChunk,
  ChatLogprobs,
  ChatRequest,
  ChatTokenLogprob,
} from "./chat.ts";
export type { CompletionLogprobs } from "./completionLogprobs.ts";
export { Engine, type EngineOptions, type EngineStatus, type SequenceEnd, type SequenceRequest } from "./engine.ts";
export { EngineClosedError, QueueFullError, ServeError } from "./errors.ts";
export { type AppOptions, createApp } from "./http.ts";
export { loadServed } from "./loadServed.ts";
export { type RunningServer, type ServeOptions, serve } from "./node.ts";
export type { Completion, CompletionChoice, CompletionRequest, Usage } from "./openai.ts";
export type { ServedModel } from "./servedModel.ts";
