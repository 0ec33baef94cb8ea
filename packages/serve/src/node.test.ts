import { once } from "node:events";
import { Server } from "node:http";
import { connect } from "node:net";
import { ChatTemplate } from "@llm/tokenizer";
import OpenAI from "openai";
import { afterAll, expect, test, vi } from "vitest";
import { damaged, tinyServed, until, withReader } from "../test/tinyServed.ts";
import type { EngineStatus } from "./engine.ts";
import { type RunningServer, type ServeOptions, serve } from "./node.ts";
import type { Completion } from "./openai.ts";
import type { ServedModel } from "./servedModel.ts";

const served = await tinyServed({ contextLength: 2048 });
const servers: RunningServer[] = [];
const errors: unknown[] = [];

async function open(options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  const server = await serve({ ...served, port: 0, onError: (error) => errors.push(error), ...options });
  servers.push(server);
  return server;
}

const server = await open();
const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "any", maxRetries: 0 });

afterAll(async () => {
  await Promise.all(servers.map((each) => each.close({ timeoutMs: 0 })));
  expect(errors).toEqual([]);
});

function post(
  body: unknown,
  { url = server.url, signal }: { url?: string; signal?: AbortSignal } = {},
): Promise<Response> {
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return fetch(`${url}/v1/completions`, signal ? { ...init, signal } : init);
}

async function health(url = server.url): Promise<EngineStatus & { status: string }> {
  return (await (await fetch(`${url}/health`)).json()) as EngineStatus & { status: string };
}

/** Counts the tokens that are decoded, so that a test sees when generation ended. */
function counting(): { served: ServedModel; tokens: () => number } {
  let count = 0;
  const read = (id: number) => {
    count++;
    return id % served.tokenizer.vocabularySize;
  };
  return { served: withReader(served, () => read), tokens: () => count };
}

test("the official client chats, streamed and whole, with equal text", async () => {
  const chatTemplate = new ChatTemplate("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:");
  const { url } = await open({ chatTemplate });
  const { chat } = new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0 });
  const request = { model: "tiny", messages: [{ role: "user" as const, content: "the cat" }], max_tokens: 20, seed: 3 };
  const { choices, usage } = await chat.completions.create(request);
  expect(usage?.completion_tokens).toBe(20);
  const streamed = await chat.completions.stream(request).finalChatCompletion();
  expect(streamed.choices[0]!.message.content).toBe(choices[0]!.message.content);
  expect(streamed.choices[0]!.finish_reason).toBe(choices[0]!.finish_reason);
});

test("the official client completes, streamed and whole, with equal text", async () => {
  const request = { model: "tiny", prompt: "the cat", max_tokens: 40, seed: 3, stop: ["zzz"] };
  const whole = await client.completions.create(request);
  expect(whole.usage?.completion_tokens).toBe(40);
  let text = "";
  let usage: unknown;
  const reasons: (string | null)[] = [];
  for await (const chunk of await client.completions.create({
    ...request,
    stream: true,
    stream_options: { include_usage: true },
  })) {
    usage = chunk.usage;
    for (const choice of chunk.choices) {
      text += choice.text;
      reasons.push(choice.finish_reason);
    }
  }
  expect(text).toBe(whole.choices[0]!.text);
  expect(reasons.at(-1)).toBe("length");
  expect(usage).toEqual(whole.usage);
});

test("the official client lists models and understands the errors", async () => {
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(["tiny"]);
  expect((await client.models.retrieve("tiny")).owned_by).toBe("llm-serve");
  const refused = client.completions.create({ model: "tiny", prompt: "x", temperature: 9 });
  await expect(refused).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  await expect(refused).rejects.toMatchObject({ param: "temperature", type: "invalid_request_error" });
  await expect(client.completions.create({ model: "other", prompt: "x" })).rejects.toMatchObject({
    status: 404,
    code: "model_not_found",
  });
});

test("the official client's key is checked", async () => {
  const guarded = await open({ apiKey: "secret" });
  const withKey = (apiKey: string) => new OpenAI({ baseURL: `${guarded.url}/v1`, apiKey, maxRetries: 0 });
  await expect(withKey("wrong").models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  expect((await withKey("secret").models.list()).data).toHaveLength(1);
});

test("the event loop stays free: health answers while the model is inside one long run", async () => {
  // One new token after 2,000: nearly all the time is a single run of the model, and there is no second step between which to answer.
  const completion = post({ prompt: Array(2000).fill(1), max_tokens: 1 });
  let done = false;
  const finished = completion.then(() => {
    done = true;
  });
  let answeredWhileRunning = 0;
  while (!done) if ((await health()).running === 1) answeredWhileRunning++;
  await finished;
  expect((await completion).status).toBe(200);
  expect(answeredWhileRunning).toBeGreaterThan(0);
});

test.each([true, false])("a client that goes away ends its generation (stream: %s)", async (stream) => {
  const { served: counted, tokens } = counting();
  const { url } = await open(counted);
  const controller = new AbortController();
  const response = post({ prompt: "the", max_tokens: 2000, stream }, { url, signal: controller.signal });
  const gone = expect(response.then((whole) => whole.text())).rejects.toThrow("aborted");
  await until(() => tokens() > 3);
  controller.abort();
  await gone;
  await until(async () => (await health(url)).running === 0);
  expect(tokens()).toBeLessThan(1500);
  expect((await post({ prompt: "the", max_tokens: 2 }, { url })).status).toBe(200);
});

test("a client that goes away while it waits gives its place up", async () => {
  const { served: counted, tokens } = counting();
  const { url } = await open({ ...counted, maxRunning: 1 });
  const first = new AbortController();
  const second = new AbortController();
  const settled = Promise.allSettled([
    post({ prompt: "the", max_tokens: 2000 }, { url, signal: first.signal }),
    post({ prompt: "the", max_tokens: 2000 }, { url, signal: second.signal }),
  ]);
  await until(async () => (await health(url)).waiting === 1);
  second.abort();
  await until(async () => (await health(url)).waiting === 0);
  first.abort();
  await settled;
  await until(async () => (await health(url)).running === 0);
  expect(tokens()).toBeLessThan(1500);
});

test("a port in use is named, with what to do", async () => {
  await expect(serve({ ...served, port: server.port })).rejects.toThrow(
    `serve: 127.0.0.1:${server.port} is already in use (stop the other program, or choose another port; 0 takes a free one)`,
  );
});

test("a port that is none, and an address of another machine, are refused", async () => {
  await expect(serve({ ...served, port: 70_000 })).rejects.toThrow("127.0.0.1:70000 is no port");
  await expect(serve({ ...served, port: 0, hostname: "203.0.113.1" })).rejects.toThrow(
    "is not an address of this machine",
  );
});

test("a model that cannot run is refused, and its port is free again", async () => {
  const { port } = await open();
  await servers.at(-1)!.close();
  await expect(serve({ ...served, model: damaged(served.model), port })).rejects.toThrow("NaN");
  await (await serve({ ...served, port })).close();
});

test("close lets a stream end, refuses new requests meanwhile, and frees the port", async () => {
  const closing = await open();
  const response = await post({ prompt: "the", max_tokens: 200, stream: true }, { url: closing.url });
  const closed = closing.close();
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/);
  await closed;
  await expect(health(closing.url)).rejects.toThrow("fetch failed");
  await (await serve({ ...served, port: closing.port })).close();
});

test("close does not wait for ever", async () => {
  const closing = await open();
  const response = await post({ prompt: "the", max_tokens: 2000, stream: true }, { url: closing.url });
  await closing.close({ timeoutMs: 0 });
  expect(await response.text()).toContain('"type":"server_error"');
});

test("close does not wait for connections that never asked anything", async () => {
  const closing = await open();
  const force = vi.spyOn(Server.prototype, "closeAllConnections");
  const socket = connect(closing.port, "127.0.0.1");
  await once(socket, "connect");
  // An answer on another connection: the server has seen both.
  await health(closing.url);
  await Promise.all([once(socket, "close"), closing.close()]);
  expect(force).not.toHaveBeenCalled();
});

test("bytes that are not HTTP, and half a request, do not hurt the server", async () => {
  for (const bytes of [
    "\0\0\0garbage\r\n\r\n",
    "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{",
    "GET",
  ]) {
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, "127.0.0.1", () => socket.write(bytes, () => socket.destroy()));
      socket.on("close", () => resolve());
      socket.on("error", () => resolve());
    });
  }
  const answer = (await (await post({ prompt: "the", max_tokens: 2 })).json()) as Completion;
  expect(answer.choices).toHaveLength(1);
});

test("a body above the limit is refused over a real connection too", async () => {
  const { url } = await open({ maxBodyBytes: 1000 });
  expect((await post({ prompt: "x".repeat(2000) }, { url })).status).toBe(413);
  const body = new Blob(["x".repeat(200_000)]).stream();
  const response = await fetch(`${url}/v1/completions`, { method: "POST", body, duplex: "half" } as RequestInit);
  expect(response.status).toBe(413);
});
