import { expect, test } from "vitest";
import { ApiError, type ErrorBody } from "./apiError.ts";
import { parseCompletionRequest } from "./openai.ts";

function refusal(body: unknown): ErrorBody["error"] {
  try {
    parseCompletionRequest(body);
  } catch (error) {
    if (error instanceof ApiError && error.status === 400) return error.body.error;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(body)}`);
}

test("OpenAI's defaults, also for null", () => {
  const defaults = {
    prompt: "x",
    max_tokens: 16,
    temperature: 1,
    top_p: 1,
    top_k: 0,
    min_p: 0,
    frequency_penalty: 0,
    presence_penalty: 0,
    repetition_penalty: 1,
    logit_bias: {},
    n: 1,
    best_of: 1,
    stop: [],
    stream: false,
    echo: false,
  };
  expect(parseCompletionRequest({ prompt: "x" })).toEqual(defaults);
  const nulls = Object.fromEntries(Object.keys(defaults).map((name) => [name, null]));
  expect(parseCompletionRequest({ ...nulls, logprobs: null, prompt: "x" })).toEqual(defaults);
});

test("fields it does not know are ignored", () => {
  expect(parseCompletionRequest({ prompt: "x", service_tier: "auto" })).not.toHaveProperty("service_tier");
});

test.each([
  ["x", "a string"],
  [["x", "y"], "strings"],
  [[1, 2], "token ids"],
  [[[1], [2, 3]], "arrays of token ids"],
] as [unknown, string][])("prompt %j is %s", (prompt) => {
  expect(parseCompletionRequest({ prompt }).prompt).toEqual(prompt);
});

test.each([
  ["prompt", undefined, "got nothing"],
  ["prompt", [], "got []"],
  ["prompt", ["x", 1], 'got ["x",1]'],
  ["prompt", [[1], []], "got [[1],[]]"],
  ["prompt", [-1], "got [-1]"],
  ["prompt", [1.5], "got [1.5]"],
  ["max_tokens", "16", 'max_tokens: expected a whole number, at least 0, got "16"'],
  ["max_tokens", -1, "got -1"],
  ["max_tokens", 1.5, "got 1.5"],
  ["temperature", 2.1, "temperature: expected a number from 0 to 2, got 2.1"],
  ["temperature", "hot", 'got "hot"'],
  ["top_p", -0.1, "a number from 0 to 1"],
  ["top_k", -1, "at least 0"],
  ["min_p", 1.5, "min_p: expected a number from 0 to 1, got 1.5"],
  ["frequency_penalty", 2.5, "a number from -2 to 2"],
  ["presence_penalty", "much", 'got "much"'],
  ["repetition_penalty", 0, "repetition_penalty: expected a number from 0.01 to 100, got 0"],
  ["logit_bias", { 5: 101 }, "an object of token ids with numbers from -100 to 100"],
  ["logit_bias", { the: 1 }, 'got {"the":1}'],
  ["logit_bias", [1], "got [1]"],
  ["logprobs", 6, "logprobs: expected a whole number from 0 to 5, got 6"],
  ["logprobs", true, "got true"],
  ["best_of", 129, "best_of: expected a whole number from 1 to 128"],
  ["n", 0, "a whole number from 1 to 128"],
  ["n", 129, "got 129"],
  ["seed", 1.5, "a whole number"],
  ["seed", 2 ** 60, "a whole number"],
  ["stop", ["a", "b", "c", "d", "e"], "up to 4 strings"],
  ["stop", "", "none of them empty"],
  ["stop", [1], "got [1]"],
  ["stream", "yes", 'stream: expected true or false, got "yes"'],
  ["stream_options", true, "expected an object"],
  ["echo", 1, "true or false"],
  ["model", 5, "a string"],
  ["user", {}, "got {}"],
])("%s: %j is refused by name", (param, value, message) => {
  const error = refusal({ prompt: "x", [param]: value });
  expect(error).toMatchObject({ type: "invalid_request_error", param });
  expect(error.message).toContain(`${param}: expected`);
  expect(error.message).toContain(message);
});

test("a field inside a field is named with its path", () => {
  const error = refusal({ prompt: "x", stream: true, stream_options: { include_usage: "yes" } });
  expect(error).toMatchObject({ param: "stream_options.include_usage" });
});

test("stream_options without stream is refused", () => {
  expect(refusal({ prompt: "x", stream_options: {} })).toMatchObject({ param: "stream_options" });
});

test("a suffix would change the answer and is refused", () => {
  const error = refusal({ prompt: "x", suffix: "end" });
  expect(error).toMatchObject({ param: "suffix", code: "unsupported_parameter" });
  expect(error.message).toContain("leave it out");
  expect(parseCompletionRequest({ prompt: "x", suffix: "" })).not.toHaveProperty("suffix");
});

test("best_of is n unless told otherwise", () => {
  expect(parseCompletionRequest({ prompt: "x", n: 3 }).best_of).toBe(3);
  expect(parseCompletionRequest({ prompt: "x", n: 2, best_of: 5 }).best_of).toBe(5);
});

test.each([
  ["best_of", { n: 3, best_of: 2 }, "best_of: expected at least n, which is 3, got 2"],
  ["best_of", { best_of: 2, stream: true }, "cannot be streamed"],
])("%s: %j do not go together", (param, fields, message) => {
  const error = refusal({ prompt: "x", ...fields });
  expect(error).toMatchObject({ type: "invalid_request_error", param });
  expect(error.message).toContain(message);
});

test.each([[null], [[]], ["text"], [5], [true]])("a body of %j is no request", (body) => {
  expect(refusal(body)).toMatchObject({ param: null });
  expect(refusal(body).message).toMatch(/^request body: expected a JSON object, got /);
});

test("a long value is cut in the message", () => {
  expect(refusal({ prompt: "x", seed: "y".repeat(5000) }).message.length).toBeLessThan(120);
});
