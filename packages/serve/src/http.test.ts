import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { errorOf, eventsOf, onError, served, startApp } from "../test/tinyApp.ts";
import { damaged, tinyServed } from "../test/tinyServed.ts";
import { Engine } from "./engine.ts";
import { createApp } from "./http.ts";

const { app, post } = startApp();

beforeEach(() => onError.mockClear());

test("another model's name is not found", async () => {
  const response = await post({ model: "gpt-5", prompt: "x" });
  expect(response.status).toBe(404);
  expect(await errorOf(response)).toMatchObject({ code: "model_not_found", param: "model" });
});

test("models are listed and described, also one whose name holds a slash", async () => {
  const { app } = startApp({ served: { ...served, name: "team/tiny" } });
  const list = (await (await app.request("/v1/models")).json()) as { object: string; data: unknown[] };
  const model = { id: "team/tiny", object: "model", created: expect.any(Number), owned_by: "llm-serve" };
  expect(list).toEqual({ object: "list", data: [model] });
  expect(await (await app.request("/v1/models/team/tiny")).json()).toEqual(model);
  expect(await (await app.request("/v1/models/team%2Ftiny")).json()).toEqual(model);
  expect((await app.request("/v1/models/other")).status).toBe(404);
});

test("health tells what the engine does", async () => {
  const response = await app.request("/health");
  expect(await response.json()).toEqual({
    status: "ok",
    model: "tiny",
    running: 0,
    waiting: 0,
    maxRunning: 4,
    maxWaiting: 128,
  });
});

test("unknown routes and methods are answered in OpenAI's words", async () => {
  const missing = await app.request("/v1/chat", { method: "POST" });
  expect(missing.status).toBe(404);
  expect((await errorOf(missing)).message).toContain(
    "POST /v1/chat: there is no such route (there are POST /v1/completions",
  );
  const method = await app.request("/v1/completions");
  expect(method.status).toBe(405);
  expect(method.headers.get("allow")).toBe("POST");
  expect(await errorOf(method)).toMatchObject({ code: "method_not_allowed" });
  for (const path of ["/health", "/v1/models", "/v1/models/tiny"]) {
    expect((await app.request(path, { method: "DELETE" })).status).toBe(405);
  }
});

test("with an API key, everything under /v1 asks for it", async () => {
  const { app } = startApp({ apiKey: "secret" });
  const ask = (authorization?: string) =>
    app.request("/v1/models", authorization ? { headers: { authorization } } : {});
  for (const authorization of [undefined, "secret", "Bearer", "Bearer other", "Basic secret", "Bearer secret2"]) {
    const response = await ask(authorization);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect(await errorOf(response)).toMatchObject({ code: "invalid_api_key" });
  }
  expect((await ask("Bearer secret")).status).toBe(200);
  expect((await ask("bearer secret")).status).toBe(200);
  expect((await app.request("/v1/completions", { method: "POST", body: "{" })).status).toBe(401);
  expect((await app.request("/health")).status).toBe(200);
});

test("web pages may call from the origins that are allowed, errors included", async () => {
  const allowed = async (allowedOrigins: string[], init: RequestInit, origin = "https://a.example") => {
    const { app } = startApp({ apiKey: "secret", allowedOrigins });
    const headers = { Origin: origin, "Access-Control-Request-Method": "POST", ...init.headers };
    const response = await app.request("/v1/completions", { ...init, headers });
    return [response.status, response.headers.get("access-control-allow-origin")];
  };
  const asked = { method: "OPTIONS" };
  const keyed = { method: "POST", body: '{"prompt":"x","stream":true}', headers: { Authorization: "Bearer secret" } };
  expect(await allowed([], keyed)).toEqual([200, null]);
  expect(await allowed(["https://a.example"], asked)).toEqual([204, "https://a.example"]);
  expect(await allowed(["https://a.example"], keyed)).toEqual([200, "https://a.example"]);
  expect(await allowed(["https://a.example"], { ...keyed, body: "{" })).toEqual([400, "https://a.example"]);
  expect(await allowed(["https://a.example"], { method: "POST" })).toEqual([401, "https://a.example"]);
  expect(await allowed(["https://a.example"], keyed, "https://b.example")).toEqual([200, null]);
  expect(await allowed(["https://b.example", "*"], keyed)).toEqual([200, "*"]);
});

test("a full queue is 429 with the time to wait, and none of the request has started", async () => {
  const { post: ask, engine } = startApp({ maxRunning: 1, maxWaiting: 0 });
  const first = await ask({ prompt: "the", max_tokens: 60, stream: true });
  const second = await ask({ prompt: "the" });
  expect(second.status).toBe(429);
  expect(second.headers.get("retry-after")).toBe("1");
  expect(await errorOf(second)).toMatchObject({ type: "rate_limit_error", code: "queue_full" });
  expect((await eventsOf(first)).at(-1)).toBe("[DONE]");
  expect(engine.status.running).toBe(0);
  expect((await ask({ prompt: "the" })).status).toBe(200);
});

test("a client that does not read its stream does not hold up the others", async () => {
  const { post: ask } = startApp({ maxRunning: 1 });
  const unread = await ask({ prompt: "the", max_tokens: 60, stream: true });
  expect((await ask({ prompt: "the", max_tokens: 2 })).status).toBe(200);
  expect((await eventsOf(unread)).at(-1)).toBe("[DONE]");
});

test("more choices than could ever wait are refused for good", async () => {
  const { post: ask } = startApp({ maxRunning: 1, maxWaiting: 2 });
  const response = await ask({ prompt: ["a", "b"], n: 2 });
  expect(response.status).toBe(400);
  expect((await errorOf(response)).message).toContain(
    "2 prompts times n 2 is 4 sequences, this server takes 3 at once",
  );
});

test("a closing server says so", async () => {
  const { app, post: ask, engine } = startApp();
  await engine.close();
  const response = await ask({ prompt: "the" });
  expect(response.status).toBe(503);
  expect(await errorOf(response)).toMatchObject({ type: "server_error" });
  const health = await app.request("/health");
  expect(health.status).toBe(503);
  expect(await health.json()).toMatchObject({ status: "closing" });
});

test("a body above the limit is 413, with and without its length announced", async () => {
  const { post: ask } = startApp({ maxBodyBytes: 100 });
  const long = JSON.stringify({ prompt: "x".repeat(100) });
  const announced = await ask(long, { headers: { "content-length": String(long.length) } });
  const body = new Blob([long]).stream();
  const streamed = await ask("", { body, duplex: "half" } as RequestInit);
  for (const response of [announced, streamed]) {
    expect(response.status).toBe(413);
    expect((await errorOf(response)).message).toContain("expected at most 100 bytes");
  }
});

test("a model that fails is a 500 that tells the log, not the client, why", async () => {
  const { post: ask } = startApp({ served: { ...served, model: damaged(served.model) } });
  const response = await ask({ prompt: "the" });
  expect(response.status).toBe(500);
  const error = await errorOf(response);
  expect(error).toMatchObject({ type: "server_error", message: "the server failed to answer (its log has the cause)" });
  expect(onError.mock.calls[0]![0]).toMatchObject({
    message: expect.stringContaining("NaN (the model's weights may be damaged)"),
  });
});

test("a stream that fails ends with the error and without [DONE]", async () => {
  const { post: ask } = startApp({ served: { ...served, model: damaged(served.model) } });
  const all = await eventsOf(await ask({ prompt: "the", stream: true, n: 3 }));
  expect(all.map((data) => JSON.parse(data))).toEqual([{ error: expect.objectContaining({ type: "server_error" }) }]);
  expect(onError).toHaveBeenCalledTimes(1);
});

test("a tokenizer with more tokens than the model knows is refused at the start", async () => {
  const { model } = await tinyServed({ vocabularySize: 100 });
  expect(() => createApp({ ...served, model }, new Engine(model))).toThrow(
    `serve: the tokenizer of "tiny" has ${served.tokenizer.vocabularySize} tokens, its model knows 100`,
  );
});

const deep = (open: string, close: string) => open.repeat(50_000) + close.repeat(50_000);
const nasty: (string | Uint8Array<ArrayBuffer>)[] = [
  "",
  " ",
  "\0",
  "{",
  "}",
  "[]",
  "null",
  "true",
  "0",
  '"prompt"',
  "{}",
  "{]",
  "prompt=x",
  "<xml/>",
  "\ufeff{}",
  "undefined",
  deep("[", "]"),
  deep('{"prompt":', "}").replace(":}", ":1}"),
  `{"prompt":${deep("[", "]")}}`,
  `{"prompt":"${"\\u0000".repeat(1000)}"}`,
  '{"prompt":null}',
  '{"prompt":{}}',
  '{"prompt":[null]}',
  '{"prompt":[[[1]]]}',
  '{"prompt":[1e400]}',
  '{"prompt":[1,"a"]}',
  '{"prompt":[[1],"a"]}',
  '{"prompt":["a",["b"]]}',
  '{"prompt":[9007199254740993]}',
  '{"prompt":[-0]}',
  '{"prompt":[4294967296]}',
  '{"prompt":"\\ud800"}',
  '{"prompt":"x","stop":["\\ud83d"]}',
  '{"prompt":"x","max_tokens":1e308}',
  '{"prompt":"x","max_tokens":-0}',
  '{"prompt":"x","max_tokens":9007199254740991}',
  '{"prompt":"x","temperature":1e-320}',
  '{"prompt":"x","temperature":-1}',
  '{"prompt":"x","top_p":5e-324}',
  '{"prompt":"x","top_k":9007199254740991}',
  '{"prompt":"x","n":1e9}',
  '{"prompt":"x","seed":-1e308}',
  '{"prompt":"x","seed":{"$gt":0}}',
  '{"prompt":"x","stop":[[]]}',
  '{"prompt":"x","stop":{"length":1,"0":"a"}}',
  '{"prompt":"x","stream":1}',
  '{"prompt":"x","stream":true,"stream_options":[]}',
  '{"__proto__":{"stream":true},"prompt":"x"}',
  '{"constructor":1,"toString":2,"prompt":"x"}',
  '{"prompt":"x","logit_bias":[]}',
  '{"prompt":"x","logit_bias":{"5":"x"}}',
  '{"prompt":"x","model":{}}',
  '{"prompt":"x","model":""}',
  '{"prompt":"x","prompt":5}',
  `{"prompt":[${Array(5000).fill(1)}]}`,
  '{"prompt":[1,2,],}',
  "NaN",
  "{'prompt':'x'}",
  new Uint8Array([0xff, 0xfe, 0x00]),
  new Uint8Array([0x7b, 0x22, 0xc3]),
  new Uint8Array(1000),
];

test("garbage is the client's mistake: never a 500, always a JSON error or an answer", async () => {
  expect(nasty.length).toBeGreaterThanOrEqual(50);
  for (const body of nasty) {
    const response = await post("", { body });
    const text = await response.text();
    expect(response.status, `${String(body).slice(0, 80)} → ${text}`).toBeLessThan(500);
    if (response.status === 200) continue;
    const { error } = JSON.parse(text) as { error: { message: string } };
    expect(error.message.length).toBeLessThan(400);
  }
  expect(onError).not.toHaveBeenCalled();
  expect((await post({ prompt: "the" })).status).toBe(200);
});

test("any JSON in any field is answered below 500", async () => {
  const names = [
    "model",
    "prompt",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "n",
    "stream",
    "stop",
    "seed",
    "echo",
    "user",
    "stream_options",
  ];
  const plausible = fc.oneof(fc.constantFrom(null, 0, 1, 2, 0.5, true, "a", "", ["a"], [1], [[1]], {}), fc.jsonValue());
  const body = fc.dictionary(fc.constantFrom(...names), plausible, { maxKeys: 6 });
  const ask = async (fields: Record<string, unknown>) => {
    // Without a limit of its own an accepted request fills the context.
    const response = await post({ prompt: "the", max_tokens: 1, ...fields });
    const text = await response.text();
    expect(response.status, text).toBeLessThan(500);
    expect(text).not.toContain("server_error");
  };
  await fc.assert(fc.asyncProperty(body, ask), { seed: 5, numRuns: 150 });
  expect(onError).not.toHaveBeenCalled();
});
