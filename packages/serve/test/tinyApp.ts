// The HTTP interface over the tiny model, without a port, and what its answers hold.
import { afterAll, expect, vi } from "vitest";
import { Engine, type EngineOptions } from "../src/engine.ts";
import { type AppOptions, createApp } from "../src/http.ts";
import type { ServedModel } from "../src/servedModel.ts";
import { tinyServed } from "./tinyServed.ts";

export const served = await tinyServed();
/** Gets what failed inside. */
export const onError = vi.fn();
const engines: Engine[] = [];

afterAll(() => Promise.all(engines.map((engine) => engine.close({ timeoutMs: 0 }))));

/** An app with an engine of its own, closed when the test file ends. */
export function startApp(options: AppOptions & EngineOptions & { served?: ServedModel } = {}) {
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

export async function errorOf(response: Response) {
  const { error } = (await response.json()) as {
    error: { message: string; type: string; param: string; code: string };
  };
  expect(Object.keys(error)).toEqual(["message", "type", "param", "code"]);
  return error;
}

/** The data of each event. */
export async function eventsOf(response: Response): Promise<string[]> {
  const text = await response.text();
  expect(text).toMatch(/^(data: .*\n\n)*$/);
  return text
    .split("\n\n")
    .slice(0, -1)
    .map((event) => event.slice("data: ".length));
}
