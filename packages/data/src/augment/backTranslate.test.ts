import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { serve } from "../../test/localServer.ts";
import { collect, TemporaryFolder } from "../../test/temporaryFolder.ts";
import type { Document } from "../document.ts";
import { pipeline } from "../pipeline.ts";
import { type BackTranslateOptions, backTranslate } from "./backTranslate.ts";
import { cachedTranslator, openTranslationCache } from "./translationCache.ts";
import { openAiTranslator, type Translator } from "./translator.ts";

/** A language pair that turns words around, so that there and back changes them visibly. */
const translator: Translator = {
  name: "test",
  translate: async (text, { from, to }) => `${text.replace(/\w+/g, (word) => word.toUpperCase())}[${from}>${to}]`,
};

const documents = (count: number): Document[] =>
  Array.from({ length: count }, (_, i) => ({ id: `d${i}`, text: `text ${i}` }));
const run = (options: BackTranslateOptions, input: readonly Document[] = documents(1)) =>
  collect(pipeline(input, [backTranslate(options)]).documents);

function answer(response: ServerResponse, content: string, finishReason = "stop"): void {
  response.setHeader("content-type", "application/json");
  const choices = [{ index: 0, finish_reason: finishReason, message: { role: "assistant", content } }];
  response.end(JSON.stringify({ id: "1", object: "chat.completion", created: 0, model: "m", choices }));
}

describe("backTranslate", () => {
  it("adds a copy through each language and says how it was made", async () => {
    expect(await run({ translator, through: ["de", "en", "fr"] })).toEqual([
      { id: "d0", text: "text 0" },
      {
        id: "d0#through-de",
        text: "TEXT 0[EN>DE][de>en]",
        metadata: { augmentation: { operation: "backTranslation", through: "de", translator: "test", of: "d0" } },
      },
      expect.objectContaining({ id: "d0#through-fr", text: "TEXT 0[EN>FR][fr>en]" }),
    ]);
    const german = [{ id: "x", text: "eins", metadata: { language: "de", label: 1 } }];
    const [copy] = await run({ translator, through: ["de", "en"], keepOriginal: false }, german);
    expect(copy).toMatchObject({
      id: "x#through-en",
      text: "EINS[DE>EN][en>de]",
      metadata: { label: 1, language: "de" },
    });
    const same: Translator = { name: "same", translate: async (text) => text };
    expect(await run({ translator: same, through: ["de"] })).toEqual(documents(1));
  });

  it("cuts long documents at paragraphs and keeps what is between", async () => {
    const asked: string[] = [];
    const upper: Translator = {
      name: "upper",
      translate: async (text, { to }) => {
        if (to === "de") asked.push(text);
        return text.toUpperCase();
      },
    };
    const text = "  one two.\n\n\nthree four.\n\nfive.\n";
    const [, copy] = await run({ translator: upper, through: ["de"], maxCharacters: 12 }, [{ id: "x", text }]);
    expect(asked).toEqual(["one two.", "three four.", "five."]);
    expect(copy!.text).toBe(text.toUpperCase());
  });

  it("keeps the order, and asks no more than the limit at once", async () => {
    let running = 0;
    let most = 0;
    const slow: Translator = {
      name: "slow",
      async translate(text) {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, text.length % 3));
        running -= 1;
        return `${text}!`;
      },
    };
    const all = await run(
      { translator: slow, through: ["de", "fr"], concurrency: 3, keepOriginal: false },
      documents(15),
    );
    expect(all.map(({ id }) => id)).toEqual(
      documents(15).flatMap(({ id }) => [`${id}#through-de`, `${id}#through-fr`]),
    );
    expect(most).toBe(3);
  });

  it("tells a failure of the translator when its document's turn comes", async () => {
    const failing: Translator = {
      name: "failing",
      translate: async (text) => {
        if (text.includes("2")) throw new Error("no words for it");
        return `${text}!`;
      },
    };
    const got: string[] = [];
    const stream = pipeline(documents(5), [backTranslate({ translator: failing, through: ["de"] })]).documents;
    await expect(
      (async () => {
        for await (const { id } of stream) got.push(id);
      })(),
    ).rejects.toThrow("no words for it");
    expect(got).toEqual(["d0", "d0#through-de", "d1", "d1#through-de", "d2"]);
    const failures: unknown[] = [];
    const kept: string[] = [];
    const onFailure = (error: unknown, failed: object) => failures.push({ ...failed, error });
    const step = backTranslate({ translator: failing, through: ["de", "fr"], keepOriginal: false, onFailure });
    for await (const { id } of pipeline(documents(3), [step]).documents) kept.push(id);
    expect(kept).toEqual(["d0#through-de", "d0#through-fr", "d1#through-de", "d1#through-fr"]);
    const error = expect.objectContaining({ message: "no words for it" });
    expect(failures).toEqual(["de", "fr"].map((through) => ({ id: "d2", through, error })));
    expect(() => backTranslate({ translator, through: [] })).toThrow(
      "through: expected at least one language, got none",
    );
    expect(() => backTranslate({ translator, through: ["de"], concurrency: 0 })).toThrow(
      "concurrency: expected a whole number",
    );
  });
});

/** The JSON in a request's path, up to where the client adds its own. */
function sendJson(response: ServerResponse, path: string): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(decodeURIComponent(path.replace("/chat/completions", "")));
}

describe("openAiTranslator", () => {
  it("asks a chat model, again where the server is busy or cuts the connection", async () => {
    const bodies: Record<string, unknown>[] = [];
    const { address } = await serve((request, response, count) => {
      if (count === 0) {
        response.writeHead(503, { "retry-after-ms": "1" }).end();
        return;
      }
      let body = "";
      request.on("data", (piece: Buffer) => {
        body += piece.toString();
      });
      request.on("end", () => {
        bodies.push({ url: request.url, authorization: request.headers.authorization, ...JSON.parse(body) });
        answer(response, " Guten Tag \n");
      });
    });
    const model = await openAiTranslator({ baseUrl: `${address}/v1`, model: "m", apiKey: "key" });
    expect(await model.translate("Good day", { from: "en", to: "de" })).toBe("Guten Tag");
    expect(bodies).toEqual([
      expect.objectContaining({
        url: "/v1/chat/completions",
        authorization: "Bearer key",
        model: "m",
        temperature: 0,
        messages: [
          { role: "system", content: expect.stringContaining("from English to German") },
          { role: "user", content: "Good day" },
        ],
      }),
    ]);
  });

  it("tells what went wrong", async () => {
    const { address } = await serve((request, response) => {
      request.resume();
      request.on("end", () => {
        if (request.url!.startsWith("/cut")) answer(response, "half of", "length");
        else if (request.url!.startsWith("/empty")) answer(response, "");
        else if (request.url!.startsWith("/json")) sendJson(response, request.url!.slice("/json/".length));
        else if (request.url!.startsWith("/busy")) response.writeHead(429, { "retry-after-ms": "1" }).end("wait");
        else if (request.url!.startsWith("/refused")) {
          response.writeHead(401, { "content-type": "application/json" }).end('{"error":{"message":"wrong key"}}');
        }
      });
    });
    const translate = async (path: string, options: object = {}) => {
      const model = await openAiTranslator({ baseUrl: address + path, model: "m", retries: 1, ...options });
      return model.translate("text", { from: "en", to: "fr" });
    };
    await expect(translate("/cut", { maxTokens: 9 })).rejects.toThrow(
      "the answer of m was cut at 9 tokens (raise maxTokens",
    );
    await expect(translate("/empty")).rejects.toThrow("expected a translation from m, got an empty answer");
    for (const body of ["null", "{}", '{"choices":null}', "%22text%22"]) {
      await expect(translate(`/json/${body}`)).rejects.toThrow("got none (is it an OpenAI server?)");
    }
    await expect(translate('/json/{"choices":[{"message":{"content":[1]}}]}')).rejects.toThrow("got an empty answer");
    const model = await openAiTranslator({ baseUrl: address, model: "m" });
    await expect(model.translate("text", { from: "en", to: "fr_FR" })).rejects.toThrow(
      "expected a language as a BCP 47",
    );
    await expect(translate("/busy")).rejects.toThrow(/translate: http:.*busy: 429.*\(after up to 2 attempts\)/);
    await expect(translate("/refused")).rejects.toThrow("401 wrong key");
    await expect(translate("/silent", { timeout: 30, retries: 0 })).rejects.toThrow("timed out");
  });

  it("stops with the signal", async () => {
    const { address } = await serve((request) => request.resume());
    const model = await openAiTranslator({ baseUrl: address, model: "m" });
    const controller = new AbortController();
    const translation = model.translate("text", { from: "en", to: "fr" }, controller.signal);
    controller.abort(new Error("enough"));
    await expect(translation).rejects.toThrow("enough");
  });
});

describe("translation caches", () => {
  const counting = () => {
    const asked: string[] = [];
    const model: Translator = {
      name: "counting",
      translate: async (text, direction) => {
        asked.push(text);
        return translator.translate(text, direction);
      },
    };
    return { asked, model };
  };

  it("ask once for the same text, model and direction", async () => {
    const { asked, model } = counting();
    const cached = cachedTranslator(model, new Map());
    await run({ translator: cached, through: ["de"] });
    await run({ translator: cached, through: ["de"] });
    expect(asked).toHaveLength(2);
    await cached.translate("text 0", { from: "en", to: "fr" });
    expect(asked).toHaveLength(3);
  });

  it("last in a file, also after a crash in the middle of a line", async () => {
    const folder = new TemporaryFolder();
    const path = folder.join("translations.jsonl");
    const first = counting();
    const once = await run({
      translator: cachedTranslator(first.model, await openTranslationCache(path)),
      through: ["de"],
    });
    folder.write("translations.jsonl", `${readFileSync(path, "utf8")}{"key":"torn`);
    const second = counting();
    const options = { translator: cachedTranslator(second.model, await openTranslationCache(path)), through: ["de"] };
    expect(await run(options)).toEqual(once);
    expect(second.asked).toEqual([]);
    await run(options, documents(2));
    const third = counting();
    await run(
      { translator: cachedTranslator(third.model, await openTranslationCache(path)), through: ["de"] },
      documents(2),
    );
    expect(third.asked).toEqual([]);
  });

  it("refuse files of something else", async () => {
    const folder = new TemporaryFolder();
    const path = folder.write("other.jsonl", '{"text":"a"}\n');
    await expect(openTranslationCache(path)).rejects.toThrow(
      "other.jsonl:1: expected a translation { key, translation }",
    );
    await expect(openTranslationCache(folder.join("none/x"))).rejects.toThrow("could not be opened: ENOENT");
  });
});
