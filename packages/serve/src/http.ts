// The HTTP interface, as web-standard Request to Response: OpenAI's completions, chat completions and models, and a health check. No Node types.
import { Hono } from "hono";
import { cors } from "hono/cors";
import { timingSafeEqual } from "hono/utils/buffer";
import { answer } from "./answer.ts";
import { chatFormat, textFormat } from "./answerFormat.ts";
import { ApiError } from "./apiError.ts";
import { chatCompletion, parseChatRequest } from "./chat.ts";
import type { Engine } from "./engine.ts";
import { EngineClosedError, QueueFullError } from "./errors.ts";
import { type ModelDescription, parseCompletionRequest } from "./openai.ts";
import { readJson } from "./readJson.ts";
import { checkServed, type ServedModel } from "./servedModel.ts";

/** Settings of the routes. */
export interface AppOptions {
  /** Requests under `/v1` must carry it as `Authorization: Bearer …`. Default: no key is asked for. */
  apiKey?: string;
  /** Default 4 MiB. */
  maxBodyBytes?: number;
  /** Origins whose web pages may call `/v1` from a browser, such as `https://chat.example`; `*` for all. Default: none. */
  allowedOrigins?: readonly string[];
  /** Gets what failed inside the server; the client is told only that something did. Default: nothing. */
  onError?: (error: unknown) => void;
}

const routes = {
  "/v1/completions": "POST",
  "/v1/chat/completions": "POST",
  "/v1/models": "GET",
  "/v1/models/:id": "GET",
  "/health": "GET",
};

/**
 * The server as a function from Request to Response (`app.fetch`), to be mounted wherever such functions run.
 *
 * @throws ServeError if the tokenizer does not fit the model
 * @example
 * const app = createApp(served, new Engine(served.model));
 * const response = await app.request("/v1/models");
 */
export function createApp(served: ServedModel, engine: Engine, options: AppOptions = {}): Hono {
  checkServed(served);
  const { apiKey, maxBodyBytes = 4 * 2 ** 20, allowedOrigins = [], onError = () => {} } = options;
  const context = { served, engine, told: (error: unknown) => apiError(error, onError) };
  const created = Math.floor(Date.now() / 1000);
  const description: ModelDescription = { id: served.name, object: "model", created, owned_by: "llm-serve" };
  const app = new Hono();

  app.get("/health", (c) =>
    c.json(
      { status: engine.closing ? "closing" : "ok", model: served.name, ...engine.status },
      engine.closing ? 503 : 200,
    ),
  );
  // Before the key: browsers ask without one whether they may ask with one.
  if (allowedOrigins.length > 0) {
    app.use("/v1/*", cors({ origin: allowedOrigins.includes("*") ? "*" : [...allowedOrigins] }));
  }
  if (apiKey !== undefined) {
    app.use("/v1/*", async (c, next) => {
      await checkKey(c.req.header("authorization"), apiKey);
      await next();
    });
  }
  app.get("/v1/models", (c) => c.json({ object: "list", data: [description] }));
  // A name may hold a slash, as those of the Hugging Face hub do.
  app.get("/v1/models/:id{.+}", (c) => {
    checkModel(c.req.param("id"), served);
    return c.json(description);
  });
  app.post("/v1/completions", async ({ req: { raw } }) => {
    const request = parseCompletionRequest(await readJson(raw, maxBodyBytes));
    checkModel(request.model ?? served.name, served);
    const format = textFormat(served.tokenizer, request.logprobs !== undefined);
    return answer(request, { ...context, format, promptField: "prompt", signal: raw.signal });
  });
  app.post("/v1/chat/completions", async ({ req: { raw } }) => {
    const request = parseChatRequest(await readJson(raw, maxBodyBytes));
    checkModel(request.model ?? served.name, served);
    const format = chatFormat(served.tokenizer, request.logprobs);
    const completion = chatCompletion(request, served);
    return answer(completion, { ...context, format, promptField: "messages", signal: raw.signal });
  });

  for (const [path, method] of Object.entries(routes))
    app.all(path, ({ req }) => refuseMethod(req.method, req.path, method));
  app.notFound(({ req }) => {
    const known = Object.entries(routes).map(([path, method]) => `${method} ${path}`);
    const message = `${req.method} ${req.path}: there is no such route (there are ${known.join(", ")})`;
    return errorResponse(new ApiError(message, { status: 404, code: "unknown_url" }));
  });
  app.onError((error, c) => errorResponse(c.req.raw.signal.aborted ? clientGone : apiError(error, onError)));
  return app;
}

/** Nobody reads it; the status is the one nginx logs for such requests. */
const clientGone = new ApiError("the client closed the connection", { status: 499 });

async function checkKey(authorization: string | undefined, apiKey: string): Promise<void> {
  const key = /^Bearer +(.+)$/i.exec(authorization ?? "")?.[1];
  if (key !== undefined && (await timingSafeEqual(key, apiKey))) return;
  const got = key === undefined ? "no key" : "another one";
  throw new ApiError(`Authorization: expected "Bearer" and this server's API key, got ${got}`, {
    status: 401,
    code: "invalid_api_key",
    headers: { "WWW-Authenticate": "Bearer" },
  });
}

function checkModel(name: string, served: ServedModel): void {
  if (name === served.name) return;
  throw new ApiError(`model: "${name}" is not served here (this server has "${served.name}")`, {
    status: 404,
    param: "model",
    code: "model_not_found",
  });
}

function refuseMethod(method: string, path: string, allowed: string): never {
  throw new ApiError(`${method} ${path}: expected ${allowed}`, {
    status: 405,
    code: "method_not_allowed",
    headers: { Allow: allowed },
  });
}

function errorResponse({ status, body, headers }: ApiError): Response {
  return Response.json(body, { status, headers });
}

/** What the client is told about an error. */
function apiError(error: unknown, onError: (error: unknown) => void): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof QueueFullError) {
    const headers = { "Retry-After": "1" };
    return new ApiError(error.message, { status: 429, type: "rate_limit_error", code: "queue_full", headers });
  }
  if (error instanceof EngineClosedError) {
    return new ApiError("the server is closing (ask again when it is back)", { status: 503, type: "server_error" });
  }
  onError(error);
  return new ApiError("the server failed to answer (its log has the cause)", { status: 500, type: "server_error" });
}
