import type { KeyValueCache } from "@llm/model";
import { constant, gather, type Tensor } from "@llm/tensor";
import { expect, test } from "vitest";
import { errorOf, eventsOf, served, startApp } from "../test/tinyApp.ts";
import { tinyServed, withReader } from "../test/tinyServed.ts";
import type { Completion } from "./openai.ts";
import type { ServedModel } from "./servedModel.ts";

const { engine, post } = startApp();

async function complete(body: Record<string, unknown>): Promise<Completion> {
  const response = await post(body);
  const answer = await response.json();
  expect(answer).not.toHaveProperty("error");
  return answer as Completion;
}

async function chunks(body: Record<string, unknown>): Promise<Completion[]> {
  const all = await eventsOf(await post({ ...body, stream: true }));
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
  const { post: ask } = startApp({ served: withEnd });
  const answer = (await (await ask({ prompt: "", max_tokens: 2, seed: 1 })).json()) as Completion;
  expect(answer.usage?.prompt_tokens).toBe(1);
});

test("the model's end-of-text token ends the text", async () => {
  const greedy = { prompt: "the cat", max_tokens: 30, temperature: 0 };
  const ids: number[] = [];
  const promptIds = served.tokenizer.encode("the cat");
  await engine.submit([{ promptIds, maxNewTokens: 30, temperature: 0, onToken: ({ id }) => ids.push(id) === 0 }])[0];
  const end = ids[6]!;
  const { post: ask } = startApp({ served: { ...served, endOfTextIds: [end] } });
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
  const { post: ask } = startApp({ served: scripted });
  const texts = (await eventsOf(await ask({ prompt: "the", max_tokens: ids.length, stream: true })))
    .filter((data) => data !== "[DONE]")
    .map((data) => (JSON.parse(data) as Completion).choices[0]!.text);
  expect(texts).toEqual([cat, ""]);
});

/** Serves a model whose tokens are read as `ids`, in turn: what the decoder makes of them is the real tokenizer's work. */
function scriptedTokens(ids: readonly number[]): ServedModel {
  return withReader(served, () => {
    let at = 0;
    return () => ids[at++ % ids.length]!;
  });
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
  const { post: ask } = startApp({ served: scriptedTokens(tokens) });
  const request = { prompt: "the", max_tokens: 50, stop: ["never", "\n\nHuman:"] };
  const whole = (await (await ask(request)).json()) as Completion;
  expect(whole.choices[0]).toMatchObject({ text: "one", finish_reason: "stop" });
  const streamed = (await eventsOf(await ask({ ...request, stream: true })))
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

test("logprobs tell the probability of each token and of the likeliest, streamed and whole", async () => {
  const request = { prompt: "the cat", max_tokens: 12, seed: 3, logprobs: 2 };
  const { text, logprobs } = (await complete(request)).choices[0]!;
  expect(logprobs!.tokens).toHaveLength(12);
  expect(logprobs!.token_logprobs.every((logprob) => logprob! <= 0)).toBe(true);
  let offset = 0;
  for (const [i, token] of logprobs!.tokens.entries()) {
    expect(logprobs!.text_offset[i]).toBe(offset);
    offset += token.length;
    const top = Object.entries(logprobs!.top_logprobs![i]!);
    expect(top.length).toBeGreaterThan(0);
    expect(top.length).toBeLessThanOrEqual(2);
    const likeliest = Math.max(...top.map(([, logprob]) => logprob));
    expect(logprobs!.token_logprobs[i]).toBeLessThanOrEqual(likeliest);
  }
  const streamed = (await chunks(request)).map(({ choices }) => choices[0]!);
  expect(streamed.map((choice) => choice.text).join("")).toBe(text);
  const parts = streamed.flatMap((choice) => choice.logprobs ?? []);
  for (const name of ["tokens", "token_logprobs", "top_logprobs", "text_offset"] as const) {
    expect(parts.flatMap((part): unknown[] => part[name] ?? [])).toEqual(logprobs![name]);
  }
  const silent = await complete({ ...request, logprobs: null });
  expect(silent.choices[0]).toMatchObject({ text, logprobs: null });
  expect((await complete({ ...request, logprobs: 0 })).choices[0]!.logprobs!.top_logprobs).toBeNull();
});

test("echo with logprobs tells those of the prompt as well, as generation would", async () => {
  const prompt = Array.from(served.tokenizer.encode("the cat"));
  const sequence: number[] = [...prompt];
  const onToken = ({ id }: { id: number }) => sequence.push(id) === 0;
  await engine.submit([{ promptIds: prompt, maxNewTokens: 9, temperature: 0, onToken }])[0];
  const made = (await complete({ prompt, max_tokens: 9, temperature: 0, logprobs: 2 })).choices[0]!.logprobs!;
  const request = { prompt: sequence, logprobs: 2, echo: true, seed: 1 };
  const { choices, usage } = await complete({ ...request, max_tokens: 0 });
  const { tokens, token_logprobs, top_logprobs, text_offset } = choices[0]!.logprobs!;
  expect(usage).toEqual({ prompt_tokens: sequence.length, completion_tokens: 0, total_tokens: sequence.length });
  expect(tokens.slice(prompt.length)).toEqual(made.tokens);
  expect([token_logprobs[0], top_logprobs![0], text_offset[0]]).toEqual([null, null, 0]);
  for (const [i, logprob] of made.token_logprobs.entries()) {
    const at = prompt.length + i;
    expect(token_logprobs[at]).toBeCloseTo(logprob!, 4);
    expect(Object.keys(top_logprobs![at]!)).toEqual(Object.keys(made.top_logprobs![i]!));
    expect(text_offset[at]).toBe(text_offset[at - 1]! + tokens[at - 1]!.length);
  }

  const whole = (await complete({ ...request, max_tokens: 3 })).choices[0]!.logprobs!;
  expect(whole.tokens.slice(0, -3)).toEqual(tokens);
  const streamed = (await chunks({ ...request, max_tokens: 3 })).map(({ choices }) => choices[0]!);
  const parts = streamed.flatMap((choice) => choice.logprobs ?? []);
  for (const name of ["tokens", "token_logprobs", "top_logprobs", "text_offset"] as const) {
    expect(parts.flatMap((part): unknown[] => part[name] ?? [])).toEqual(whole[name]);
  }
});

test("parts of a character are told apart by their names", async () => {
  const ids = Array.from(served.tokenizer.encode("🐈"));
  const { post: ask } = startApp({ served: { ...served, model: saying(ids) } });
  const answer = (await (await ask({ prompt: [1], max_tokens: ids.length, logprobs: 0 })).json()) as Completion;
  const [{ text, logprobs }] = answer.choices as [Completion["choices"][0]];
  expect(text).toBe("🐈");
  expect(logprobs!.tokens).toEqual(ids.map((id) => served.tokenizer.idToToken(id)));
});

/** A model that says `ids` whatever it is asked. */
function saying(ids: readonly number[]): ServedModel["model"] {
  const { config } = served.model;
  const biases = ids.map((id) => {
    const row = new Float32Array(config.vocabularySize);
    row[id] = 100;
    return row;
  });
  const table = constant(Float32Array.from(biases.flatMap((row) => Array.from(row))), "float32", [
    ids.length,
    config.vocabularySize,
  ]);
  return Object.assign(Object.create(served.model), {
    forwardCached: (inputIds: Tensor, cache: KeyValueCache) => {
      const after = served.model.forwardCached(inputIds, cache);
      // The prompt is one token long: the first new one is at place 0.
      return { ...after, logits: gather(table, cache.length.reshape([1])) };
    },
  });
}

test("best_of returns the likeliest of the choices it made, the likeliest first", async () => {
  const request = { prompt: ["the cat", "a dog"], max_tokens: 10, seed: 6, logprobs: 0 };
  const made = (await complete({ ...request, n: 5 })).choices;
  const best = await complete({ ...request, n: 2, best_of: 5 });
  const mean = (choice: Completion["choices"][0]) =>
    choice.logprobs!.token_logprobs.reduce<number>((a, b) => a + b!, 0) / 10;
  const expected = [made.slice(0, 5), made.slice(5)].flatMap((choices) =>
    choices
      .sort((a, b) => mean(b) - mean(a))
      .slice(0, 2)
      .map(({ text }) => text),
  );
  expect(best.choices.map(({ text }) => text)).toEqual(expected);
  expect(best.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  expect(best.usage!.completion_tokens).toBe(100);
  const silent = await complete({ ...request, logprobs: undefined, n: 2, best_of: 5 });
  expect(silent.choices).toEqual(best.choices.map((choice) => ({ ...choice, logprobs: null })));
});

test("penalties and biases reach the model", async () => {
  const greedy = { prompt: "the cat", max_tokens: 20, temperature: 0, logprobs: 0 };
  const tokens = async (fields: object) => (await complete({ ...greedy, ...fields })).choices[0]!.logprobs!.tokens;
  const free = await tokens({});
  const fields = [
    { presence_penalty: 2 },
    { frequency_penalty: 2 },
    { repetition_penalty: 3 },
    { logit_bias: { [served.tokenizer.encode("the")[0]!]: 100 } },
  ];
  for (const field of fields) expect(await tokens(field), JSON.stringify(field)).not.toEqual(free);
  const { vocabularySize } = served.model.config;
  const error = await errorOf(await post({ ...greedy, logit_bias: { [vocabularySize]: 1 } }));
  expect(error).toMatchObject({ param: "logit_bias" });
  expect(error.message).toContain(`token id ${vocabularySize} is outside the vocabulary of ${vocabularySize}`);
});
