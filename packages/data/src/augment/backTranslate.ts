// Other wordings of documents: there and back through another language (Sennrich, Haddow and Birch 2016; as augmentation, Edunov et
// al. 2018).
import pLimit from "p-limit";
import { checkCounts } from "../batches/checkCounts.ts";
import { chunkText } from "../chunkText.ts";
import type { Document, Step } from "../document.ts";
import { DataError } from "../errors.ts";
import type { Translator } from "./translator.ts";

/** Options of `backTranslate`. */
export interface BackTranslateOptions {
  readonly translator: Translator;
  /** Languages to go through: a copy of each document per language. */
  readonly through: readonly string[];
  /** The language of documents without `metadata.language`. Default `"en"`. */
  readonly defaultLanguage?: string;
  /** Requests at the same time. Default 8. */
  readonly concurrency?: number;
  /** Longer documents are translated in chunks of whole paragraphs, or sentences. Default 4,000. */
  readonly maxCharacters?: number;
  /** Hands on the documents themselves, too. Default true. */
  readonly keepOriginal?: boolean;
  /**
   * Told of a copy that the translator could not make, which is then left out: of a text too long for the model, of an empty
   * answer. Default: the failure stops the step.
   */
  readonly onFailure?: (error: unknown, failed: { readonly id: string; readonly through: string }) => void;
  readonly signal?: AbortSignal;
}

/**
 * The step that puts after each document its back-translations, with the ids `id#through-fr` and `metadata.augmentation`
 * `{ operation: "backTranslation", through, translator, of }`. Documents come in their order; those after the one at hand are
 * translated meanwhile. A copy that came out the same is left out, and so is a language that is the document's own.
 *
 * @throws DataError for impossible options; while it runs, what the translator throws, unless `onFailure` takes it.
 */
export function backTranslate(options: BackTranslateOptions): Step {
  const { through, concurrency = 8, maxCharacters = 4000, keepOriginal = true } = options;
  checkCounts("backTranslate", { concurrency, maxCharacters });
  if (through.length === 0) throw new DataError("backTranslate: through: expected at least one language, got none");
  return {
    name: "backTranslate",
    async *apply(documents): AsyncGenerator<Document> {
      const limit = pLimit(concurrency);
      const ahead: { readonly document: Document; readonly copies: Promise<Document[]> }[] = [];
      const translations = new DocumentTranslations({ ...options, maxCharacters }, limit);
      const given = async function* ({ document, copies }: (typeof ahead)[number]): AsyncGenerator<Document> {
        if (keepOriginal) yield document;
        yield* await copies;
      };
      try {
        for await (const document of documents) {
          const copies = translations.copiesOf(document);
          // A failure is told when its document's turn comes.
          copies.catch(() => {});
          ahead.push({ document, copies });
          if (ahead.length > concurrency) yield* given(ahead.shift()!);
        }
        for (const next of ahead.splice(0)) yield* given(next);
      } finally {
        limit.clearQueue();
      }
    },
  };
}

type Limit = ReturnType<typeof pLimit>;

class DocumentTranslations {
  readonly #options: BackTranslateOptions & { readonly maxCharacters: number };
  readonly #limit: Limit;

  constructor(options: BackTranslateOptions & { readonly maxCharacters: number }, limit: Limit) {
    this.#options = options;
    this.#limit = limit;
  }

  async copiesOf(document: Document): Promise<Document[]> {
    const { defaultLanguage = "en", through } = this.#options;
    const language = typeof document.metadata?.language === "string" ? document.metadata.language : defaultLanguage;
    const copies = await Promise.all(
      through.filter((other) => other !== language).map((other) => this.#copy(document, language, other)),
    );
    return copies.filter((copy): copy is Document => copy !== undefined && copy.text !== document.text);
  }

  async #copy(document: Document, language: string, through: string): Promise<Document | undefined> {
    const { translator, onFailure, signal } = this.#options;
    try {
      const there = await this.#translate(document.text, language, through);
      const text = await this.#translate(there, through, language);
      const augmentation = { operation: "backTranslation", through, translator: translator.name, of: document.id };
      const metadata = { ...document.metadata, augmentation };
      return { ...document, id: `${document.id}#through-${through}`, text, metadata };
    } catch (error) {
      signal?.throwIfAborted();
      if (onFailure === undefined) throw error;
      onFailure(error, { id: document.id, through });
      return undefined;
    }
  }

  /** Chunk by chunk; white space between chunks stays. */
  async #translate(text: string, from: string, to: string): Promise<string> {
    const { translator, maxCharacters, signal } = this.#options;
    const chunks = chunkText(text, { maxCharacters });
    const translated = await Promise.all(
      chunks.map((chunk) => this.#limit(() => translator.translate(chunk.text, { from, to }, signal))),
    );
    const between = chunks.map(({ start }, i) => text.slice(chunks[i - 1]?.end ?? 0, start));
    return between.map((space, i) => space + translated[i]!).join("") + text.slice(chunks.at(-1)?.end ?? 0);
  }
}
