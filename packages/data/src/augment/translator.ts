// What back-translation asks of a translation model, and one that asks any server with OpenAI's interface.
import type { ClientOptions, OpenAI } from "openai";
import { DataError } from "../errors.ts";

/** From which language to which, as BCP 47 tags (`en`, `pt-BR`). */
export interface TranslationDirection {
  readonly from: string;
  readonly to: string;
}

/** Translates texts: a model of one's own, or `openAiTranslator`. */
export interface Translator {
  /** Names the model and its settings; a cache keeps what different names gave apart. */
  readonly name: string;
  /** The translation of a text. Called for several texts at once. */
  translate(text: string, direction: TranslationDirection, signal?: AbortSignal): Promise<string>;
}

/** Options of `openAiTranslator`. */
export interface OpenAiTranslatorOptions {
  /** The model's name on the server. */
  readonly model: string;
  /** Address of the interface: `http://127.0.0.1:8080/v1` for a server of one's own. Default: OpenAI's. */
  readonly baseUrl?: string;
  /** Default: the environment's `OPENAI_API_KEY`; servers of one's own mostly take anything. */
  readonly apiKey?: string;
  /** New attempts after a busy server, a timeout or a broken connection, with growing pauses. Default 5. */
  readonly retries?: number;
  /** Longest wait for an answer, in milliseconds. Default 120,000. */
  readonly timeout?: number;
  /** Default 0: the likeliest translation. Higher gives more varied ones. */
  readonly temperature?: number;
  /** Tokens that an answer may have. Default: the server's limit. */
  readonly maxTokens?: number;
}

/**
 * Translates through chat completions of an OpenAI-compatible server (`@llm/serve`, llama.cpp, vLLM, Ollama), by the npm package
 * `openai`.
 *
 * @throws DataError where `openai` is not installed; while translating, for an answer that is empty or was cut, and for a
 * server that refuses.
 * @example
 * const translator = await openAiTranslator({ baseUrl: "http://127.0.0.1:8080/v1", model: "qwen2.5-7b-instruct" });
 */
export async function openAiTranslator(options: OpenAiTranslatorOptions): Promise<Translator> {
  const { model, retries = 5, timeout = 120_000, temperature = 0 } = options;
  const client = await newClient({
    baseURL: options.baseUrl ?? null,
    // The client insists on a key, servers of one's own do not.
    apiKey: options.apiKey ?? process.env.OPENAI_API_KEY ?? "none",
    maxRetries: retries,
    timeout,
  });
  return {
    name: `${options.baseUrl ?? "openai"} ${model} temperature ${temperature}`,
    async translate(text, direction, signal) {
      const completion = await client.chat.completions
        .create(
          {
            model,
            temperature,
            ...(options.maxTokens === undefined ? {} : { max_tokens: options.maxTokens }),
            messages: [
              { role: "system", content: instruction(direction) },
              { role: "user", content: text },
            ],
          },
          signal ? { signal } : {},
        )
        .catch((error: unknown) => {
          signal?.throwIfAborted();
          const reason = error instanceof Error ? error.message : String(error);
          throw new DataError(`translate: ${client.baseURL}: ${reason} (after up to ${retries + 1} attempts)`, {
            cause: error,
          });
        });
      // What a server sends need not be what the types say.
      const choice = (completion as Partial<typeof completion> | null)?.choices?.[0];
      if (choice?.finish_reason === "length") {
        throw new DataError(
          `translate: the answer of ${model} was cut at ${options.maxTokens ?? "the server's limit of"} tokens (raise maxTokens, or lower maxCharacters)`,
        );
      }
      const content: unknown = choice?.message?.content;
      const translation = typeof content === "string" ? content.trim() : "";
      if (translation === "") {
        const got = choice
          ? `an empty answer (finish_reason ${choice.finish_reason})`
          : "none (is it an OpenAI server?)";
        throw new DataError(`translate: ${client.baseURL}: expected a translation from ${model}, got ${got}`);
      }
      return translation;
    },
  };
}

async function newClient(options: ClientOptions): Promise<OpenAI> {
  const openai = await import("openai").catch((error: unknown) => {
    throw new DataError("openAiTranslator: the package openai is missing (npm install openai)", { cause: error });
  });
  return new openai.OpenAI(options);
}

function instruction({ from, to }: TranslationDirection): string {
  return `Translate the user's text from ${nameOf(from)} to ${nameOf(to)}. Keep paragraphs and line breaks. Answer with the translation alone.`;
}

function nameOf(language: string): string {
  try {
    return new Intl.DisplayNames("en", { type: "language" }).of(language) ?? language;
  } catch (error) {
    const message = `translate: expected a language as a BCP 47 tag such as "fr" or "pt-BR", got ${JSON.stringify(language)}`;
    throw new DataError(message, { cause: error });
  }
}
