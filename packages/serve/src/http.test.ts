import fc from "fast-check";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { damaged, tinyServed } from "../test/tinyServed.ts";
import { Engine, type EngineOptions } from "./engine.ts";
import { type AppOptions, createApp } from "./http.ts";
import type { Completion } from "./openai.ts";
import type { ServedModel } from "./servedModel.ts";

const served = await tinyServed();
const engines: Engine[] = [];
const onError = vi.fn();

function start(options: AppOptions & EngineOptions & { served?: ServedModel } = {}) {
  const engine = new Engine((options.served ?? served).model, options);
  engines.push(engine);
  const app = createApp(options.served ?? served, engine, { onError, ...options });
  const post = (body: unknown, init: RequestInit = {}) =>
    app.request("/v1/completions", {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...init,
    });
  return { app, engine, post };
}

const { app, engine, post } = start();

beforeEach(() => onError.mockClear());
afterAll(() => Promise.all(engines.map((engine) => engine.close({ timeoutMs: 0 }))));

async function complete(body: Record<string, unknown>): Promise<Completion> {
  const response = await post(body);
  const answer = await response.json();
  expect(answer).not.toHaveProperty("error");
  return answer as Completion;
}

async function errorOf(response: Response) {
  const { error } = (await response.json()) as {
    error: { message: string; type: string; param: string; code: string };
  };
  expect(Object.keys(error)).toEqual(["message", "type", "param", "code"]);
  return error;
}

/** The data of each event. */
async function events(response: Response): Promise<string[]> {
  const text = await response.text();
  expect(text).toMatch(/^(data: .*\n\n)*$/);
  return text
    .split("\n\n")
    .slice(0, -1)
    .map((event) => event.slice("data: ".length));
}

async function chunks(body: Record<string, unknown>): Promise<Completion[]> {
  const all = await events(await post({ ...body, stream: true }));
  expect(all.pop()).toBe("[DONE]");
  return all.map((data) => JSON.parse(data) as Completion);
}

test("a completion has OpenAI's shape", async () => {
  const response = await post({ model: "tiny", prompt: "the cat", max_tokens: 5, seed: 1 });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  const answer = (await response.json()) as Completion;
  const promptTokens = served.tokenizer.encode("the cat").length;
  expect(answer).toEqual({
    id: expect.stringMatching(/^cmpl-[0-9a-f-]{36}$/),
    object: "text_completion",
    created: expect.any(Number),
    model: "tiny",
    choices: [{ text: expect.any(String), index: 0, logprobs: null, finish_reason: "length" }],
    usage: { prompt_tokens: promptTokens, completion_tokens: 5, total_tokens: promptTokens + 5 },
  });
});

test("16 tokens unless told otherwise, and the model may be left out", async () => {
  expect((await complete({ prompt: "the" })).usage?.completion_tokens).toBe(16);
});

test("a seed repeats an answer, another seed and no seed do not", async () => {
  const text = async (seed?: number) => (await complete({ prompt: "the cat", max_tokens: 40, seed })).choices[0]!.text;
  const first = await text(5);
  expect(await text(5)).toBe(first);
  expect(await text(6)).not.toBe(first);
  expect(await text()).not.toBe(await text());
});

test("temperature 0, top_p 0 and top_k 1 are the same: the likeliest token", async () => {
  const text = async (sampling: object) =>
    (await complete({ prompt: "the", max_tokens: 20, ...sampling })).choices[0]!.text;
  const greedy = await text({ temperature: 0 });
  expect(await text({ top_p: 0 })).toBe(greedy);
  expect(await text({ top_k: 1 })).toBe(greedy);
});

test("several prompts, n choices each: in order, each its own draw", async () => {
  const { choices, usage } = await complete({ prompt: ["the cat", "the dog"], n: 2, max_tokens: 20, seed: 9 });
  expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  expect(new Set(choices.map(({ text }) => text)).size).toBe(4);
  const alone = await complete({ prompt: "the cat", max_tokens: 20, seed: 9 });
  expect(choices[0]!.text).toBe(alone.choices[0]!.text);
  const promptTokens = served.tokenizer.encode("the cat").length + served.tokenizer.encode("the dog").length;
  expect(usage).toEqual({ prompt_tokens: promptTokens, completion_tokens: 80, total_tokens: promptTokens + 80 });
});

test("the largest and smallest seeds still give each choice its own draw", async () => {
  for (const seed of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    const { choices } = await complete({ prompt: "the", n: 3, max_tokens: 20, seed });
    expect(new Set(choices.map(({ text }) => text)).size).toBe(3);
  }
});

test("token ids are a prompt as well", async () => {
  const ids = Array.from(served.tokenizer.encode("the cat"));
  const asText = await complete({ prompt: "the cat", seed: 2 });
  expect((await complete({ prompt: ids, seed: 2 })).choices).toEqual(asText.choices);
  expect((await complete({ prompt: [ids, ids], seed: 2 })).choices[0]).toEqual(asText.choices[0]);
});

test("echo puts the prompt before the text, also of token ids and where nothing is generated", async () => {
  const plain = await complete({ prompt: "the cat", seed: 2 });
  const ids = Array.from(served.tokenizer.encode("the cat"));
  expect((await complete({ prompt: "the cat", seed: 2, echo: true })).choices[0]!.text).toBe(
    `the cat${plain.choices[0]!.text}`,
  );
  const nothing = await complete({ prompt: ids, echo: true, max_tokens: 0 });
  expect(nothing.choices[0]).toMatchObject({ text: "the cat", finish_reason: "length" });
  expect(nothing.usage).toMatchObject({ completion_tokens: 0 });
});

test("an empty prompt begins after an end of text, where the model has one", async () => {
  expect(await errorOf(await post({ prompt: "" }))).toMatchObject({
    param: "prompt",
    message: expect.stringContaining("it is empty"),
  });
  const withEnd = await tinyServed({ endOfTextId: 0 });
  const { post: ask } = start({ served: withEnd });
  const answer = (await (await ask({ prompt: "", max_tokens: 2, seed: 1 })).json()) as Completion;
  expect(answer.usage?.prompt_tokens).toBe(1);
});

test("the model's end-of-text token ends the text", async () => {
  const greedy = { prompt: "the cat", max_tokens: 30, temperature: 0 };
  const ids: number[] = [];
  const promptIds = served.tokenizer.encode("the cat");
  await engine.submit([{ promptIds, maxNewTokens: 30, temperature: 0, onToken: (id) => ids.push(id) === 0 }])[0];
  const end = ids[6]!;
  const { post: ask } = start({ served: { ...served, endOfTextIds: [end] } });
  const answer = (await (await ask(greedy)).json()) as Completion;
  expect(answer.choices[0]!.finish_reason).toBe("stop");
  expect(answer.usage?.completion_tokens).toBe(ids.indexOf(end));
});

test.each([1, 2, 3])("streamed text equals the whole answer (seed %i)", async (seed) => {
  const request = { prompt: ["the cat", "naïve 😀"], n: 2, max_tokens: 40, seed, echo: true };
  const whole = await complete(request);
  const streamed = await chunks(request);
  for (const choice of whole.choices) {
    const parts = streamed.flatMap(({ choices }) => choices).filter(({ index }) => index === choice.index);
    expect(parts.map(({ text }) => text).join("")).toBe(choice.text);
    expect(parts.map((part) => part.finish_reason)).toEqual([
      ...Array(parts.length - 1).fill(null),
      choice.finish_reason,
    ]);
  }
  expect(new Set(streamed.map(({ id }) => id)).size).toBe(1);
  expect(streamed.every((chunk) => !("usage" in chunk))).toBe(true);
});

test("a stream never holds half a character", async () => {
  // The cat's bytes are several tokens: only a decoder that waits for all of them gives the character out whole.
  const cat = "🐈";
  const ids = Array.from(served.tokenizer.encode(cat));
  expect(ids.length).toBeGreaterThan(1);
  const scripted = scriptedTokens(ids);
  const { post: ask } = start({ served: scripted });
  const texts = (await events(await ask({ prompt: "the", max_tokens: ids.length, stream: true })))
    .filter((data) => data !== "[DONE]")
    .map((data) => (JSON.parse(data) as Completion).choices[0]!.text);
  expect(texts).toEqual([cat, ""]);
});

/** Serves a model whose tokens are read as `ids`, in turn: what the decoder makes of them is the real tokenizer's work. */
function scriptedTokens(ids: readonly number[]): ServedModel {
  const { tokenizer } = served;
  const decodeStream: typeof tokenizer.decodeStream = (options) => {
    const stream = tokenizer.decodeStream(options);
    let at = 0;
    return { push: () => stream.push(ids[at++ % ids.length]!), end: () => stream.end() };
  };
  const replaced = Object.create(tokenizer, {
    decodeStream: { value: decodeStream },
    // Getters with private state need the real object.
    vocabularySize: { value: served.model.config.vocabularySize },
    encode: { value: tokenizer.encode.bind(tokenizer) },
  }) as typeof tokenizer;
  return { ...served, tokenizer: replaced };
}

test("usage comes in a last chunk of its own, where it is asked for", async () => {
  const request = { prompt: "the cat", max_tokens: 4, seed: 1 };
  const streamed = await chunks({ ...request, stream_options: { include_usage: true } });
  const last = streamed.pop()!;
  expect(last).toMatchObject({ choices: [], usage: (await complete(request)).usage });
  expect(streamed.every(({ usage }) => usage === null)).toBe(true);
});

test("a stop string that spans tokens ends the text before it, streamed and whole", async () => {
  const tokens = ["on", "e", "\n", "\nH", "uman", ": two"].flatMap((text) => Array.from(served.tokenizer.encode(text)));
  const { post: ask } = start({ served: scriptedTokens(tokens) });
  const request = { prompt: "the", max_tokens: 50, stop: ["never", "\n\nHuman:"] };
  const whole = (await (await ask(request)).json()) as Completion;
  expect(whole.choices[0]).toMatchObject({ text: "one", finish_reason: "stop" });
  const streamed = (await events(await ask({ ...request, stream: true })))
    .slice(0, -1)
    .map((data) => JSON.parse(data) as Completion);
  expect(streamed.map(({ choices }) => choices[0]!.text).join("")).toBe("one");
  expect(streamed.at(-1)!.choices[0]!.finish_reason).toBe("stop");
  // The model stopped as well: it was not left to fill its context.
  expect(whole.usage!.completion_tokens).toBeLessThan(tokens.length);
});

test("every two characters of a text, as a stop string, end it there", async () => {
  const request = { prompt: "the cat", max_tokens: 30, seed: 4 };
  const { text } = (await complete(request)).choices[0]!;
  for (let at = 0; at + 2 <= text.length; at += 3) {
    const stop = text.slice(at, at + 2);
    const [stopped] = (await complete({ ...request, stop })).choices;
    expect(stopped).toMatchObject({ text: text.slice(0, text.indexOf(stop)), finish_reason: "stop" });
  }
});

test("a prompt as long as the context is refused with both numbers", async () => {
  const response = await post({ prompt: Array(64).fill(1) });
  expect(response.status).toBe(400);
  const error = await errorOf(response);
  expect(error).toMatchObject({ type: "invalid_request_error", param: "prompt", code: "context_length_exceeded" });
  expect(error.message).toBe(
    "prompt: the model's context holds 64 tokens with at least 1 new one, the prompt has 64 (shorten it)",
  );
  expect((await complete({ prompt: Array(63).fill(1), max_tokens: 9 })).usage?.completion_tokens).toBe(1);
  expect((await complete({ prompt: Array(64).fill(1), max_tokens: 0 })).usage?.completion_tokens).toBe(0);
});

test("a token id the model does not know is refused", async () => {
  const { vocabularySize } = served.model.config;
  const error = await errorOf(await post({ prompt: [1, vocabularySize] }));
  expect(error.message).toBe(
    `prompt: token id ${vocabularySize} at position 1 is outside the vocabulary of ${vocabularySize}`,
  );
  // An id of the model's padding stands for no text.
  expect((await complete({ prompt: [1, vocabularySize - 1], echo: true, max_tokens: 0 })).choices[0]!.text).toBe(
    served.tokenizer.decode([1]),
  );
});

test("another model's name is not found", async () => {
  const response = await post({ model: "gpt-5", prompt: "x" });
  expect(response.status).toBe(404);
  expect(await errorOf(response)).toMatchObject({ code: "model_not_found", param: "model" });
});

test("models are listed and described, also one whose name holds a slash", async () => {
  const { app } = start({ served: { ...served, name: "team/tiny" } });
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
  const { app } = start({ apiKey: "secret" });
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

test("a full queue is 429 with the time to wait, and none of the request has started", async () => {
  const { post: ask, engine } = start({ maxRunning: 1, maxWaiting: 0 });
  const first = await ask({ prompt: "the", max_tokens: 60, stream: true });
  const second = await ask({ prompt: "the" });
  expect(second.status).toBe(429);
  expect(second.headers.get("retry-after")).toBe("1");
  expect(await errorOf(second)).toMatchObject({ type: "rate_limit_error", code: "queue_full" });
  expect((await events(first)).at(-1)).toBe("[DONE]");
  expect(engine.status.running).toBe(0);
  expect((await ask({ prompt: "the" })).status).toBe(200);
});

test("a client that does not read its stream does not hold up the others", async () => {
  const { post: ask } = start({ maxRunning: 1 });
  const unread = await ask({ prompt: "the", max_tokens: 60, stream: true });
  expect((await ask({ prompt: "the", max_tokens: 2 })).status).toBe(200);
  expect((await events(unread)).at(-1)).toBe("[DONE]");
});

test("more choices than could ever wait are refused for good", async () => {
  const { post: ask } = start({ maxRunning: 1, maxWaiting: 2 });
  const response = await ask({ prompt: ["a", "b"], n: 2 });
  expect(response.status).toBe(400);
  expect((await errorOf(response)).message).toContain(
    "2 prompts times n 2 is 4 sequences, this server takes 3 at once",
  );
});

test("a closing server says so", async () => {
  const { app, post: ask, engine } = start();
  await engine.close();
  const response = await ask({ prompt: "the" });
  expect(response.status).toBe(503);
  expect(await errorOf(response)).toMatchObject({ type: "server_error" });
  const health = await app.request("/health");
  expect(health.status).toBe(503);
  expect(await health.json()).toMatchObject({ status: "closing" });
});

test("a body above the limit is 413, with and without its length announced", async () => {
  const { post: ask } = start({ maxBodyBytes: 100 });
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
  const { post: ask } = start({ served: { ...served, model: damaged(served.model) } });
  const response = await ask({ prompt: "the" });
  expect(response.status).toBe(500);
  const error = await errorOf(response);
  expect(error).toMatchObject({ type: "server_error", message: "the server failed to answer (its log has the cause)" });
  expect(onError.mock.calls[0]![0]).toMatchObject({
    message: expect.stringContaining("NaN (the model's weights may be damaged)"),
  });
});

test("a stream that fails ends with the error and without [DONE]", async () => {
  const { post: ask } = start({ served: { ...served, model: damaged(served.model) } });
  const all = await events(await ask({ prompt: "the", stream: true, n: 3 }));
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
