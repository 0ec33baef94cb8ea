// Answers a checked request, at once or as a stream of server-sent events, in the format of its route.
import type { AnswerFormat } from "./answerFormat.ts";
import type { ApiError } from "./apiError.ts";
import { ChoiceCollector } from "./choiceCollector.ts";
import { type CompletionContext, type CompletionListener, startCompletion } from "./completion.ts";
import { eventStream } from "./eventStream.ts";
import type { AnswerHead, CompletionRequest, Usage } from "./openai.ts";

export interface AnswerContext extends Omit<CompletionContext, "listener"> {
  readonly format: AnswerFormat;
  /** What the client is told about an error. */
  readonly told: (error: unknown) => ApiError;
}

/** @throws what `startCompletion` throws, before anything is sent */
export function answer(request: CompletionRequest, context: AnswerContext): Response | Promise<Response> {
  return request.stream ? streamAnswer(request, context) : wholeAnswer(request, context);
}

async function wholeAnswer(request: CompletionRequest, context: AnswerContext): Promise<Response> {
  const { format, served } = context;
  const head = answerHead(format.idPrefix, format.wholeObject, served.name);
  const listener = new ChoiceCollector();
  const usage = await startCompletion(request, { ...context, listener });
  const choices = listener.choices(request).map((made, index) => format.whole(index, made));
  return Response.json({ ...head, choices, usage });
}

function streamAnswer(request: CompletionRequest, context: AnswerContext): Response {
  const { format, served } = context;
  const gone = new AbortController();
  const events = eventStream(() => gone.abort());
  const head = answerHead(format.idPrefix, format.chunkObject, served.name);
  const withUsage = request.stream_options?.include_usage ?? false;
  const send = (choices: object[], usage: Usage | null = null) =>
    events.send(JSON.stringify({ ...head, choices, ...(withUsage ? { usage } : {}) }));
  const listener: CompletionListener = {
    prompt: (choice, text, logprobs) => send([format.chunk(choice, { text, logprobs })]),
    text: (choice, text, logprob) => send([format.chunk(choice, { text, logprobs: logprob && [logprob] })]),
    finish: (choice, finishReason) => send([format.chunk(choice, { finishReason })]),
  };
  const signal = AbortSignal.any([context.signal, gone.signal]);
  const finish = async (completion: Promise<Usage>): Promise<void> => {
    try {
      const usage = await completion;
      if (withUsage) send([], usage);
      events.send("[DONE]");
    } catch (error) {
      // The status is long sent: the error is an event of its own, and the stream ends without [DONE].
      if (!signal.aborted) events.send(JSON.stringify(context.told(error).body));
    }
    events.close();
  };
  void finish(startCompletion(request, { ...context, listener, signal }));
  return events.response;
}

function answerHead(prefix: string, object: string, model: string): AnswerHead {
  return { id: `${prefix}-${crypto.randomUUID()}`, object, created: Math.floor(Date.now() / 1000), model };
}
