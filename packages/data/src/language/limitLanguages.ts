// Holds each language to a quota, so that common languages do not drown the others.
import { hash } from "node:crypto";
import type { Document, Step } from "../document.ts";
import { DataError } from "../errors.ts";

/** Most that one language may have; what is not set is not limited. */
export interface LanguageQuota {
  /** Documents kept, the first ones. */
  readonly maxDocuments?: number;
  /** UTF-8 bytes of text kept, of the first documents that fit. */
  readonly maxBytes?: number;
  /** Share of the documents kept, from 0 to 1, chosen by their ids: the same ones in whatever order or shard they come. */
  readonly share?: number;
}

/** Options of `limitLanguages`. */
export interface LimitLanguagesOptions {
  /** Quotas by language code. */
  readonly quotas?: Readonly<Record<string, LanguageQuota>>;
  /** The quota of languages not named, and of documents without a language. Default: no limit. */
  readonly others?: LanguageQuota;
  /** Changes which documents a share chooses. Default 0. */
  readonly seed?: number;
}

/**
 * The step that drops what exceeds the quota of its language (`metadata.language`, from `filterLanguage`): reasons
 * `language share`, `language documents` and `language bytes`. Shares depend on ids alone; the other limits on the order of
 * the documents of one run.
 *
 * @example
 * limitLanguages({ quotas: { en: { share: 0.2 }, de: { maxDocuments: 100_000 } } });
 * @throws DataError for negative limits and shares above 1
 */
export function limitLanguages(options: LimitLanguagesOptions): Step {
  const { quotas = {}, others = {}, seed = 0 } = options;
  for (const [language, quota] of Object.entries({ ...quotas, others })) checkQuota(language, quota);
  return {
    name: "limitLanguages",
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      const used = new Map<string, { documents: number; bytes: number }>();
      for await (const document of documents) {
        const language = String(document.metadata?.language ?? "");
        const quota = Object.hasOwn(quotas, language) ? quotas[language]! : others;
        const soFar = used.get(language) ?? { documents: 0, bytes: 0 };
        const bytes = Buffer.byteLength(document.text);
        const { share = 1, maxDocuments = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = quota;
        if (share < 1 && placeOf(document.id, seed) >= share) await drop(document, "language share");
        else if (soFar.documents >= maxDocuments) await drop(document, "language documents");
        else if (soFar.bytes + bytes > maxBytes) await drop(document, "language bytes");
        else {
          used.set(language, { documents: soFar.documents + 1, bytes: soFar.bytes + bytes });
          yield document;
        }
      }
    },
  };
}

function checkQuota(language: string, { maxDocuments = 0, maxBytes = 0, share = 1 }: LanguageQuota): void {
  if (!(maxDocuments >= 0 && maxBytes >= 0 && share >= 0 && share <= 1)) {
    throw new DataError(
      `limitLanguages: ${language}: expected limits from 0 and a share from 0 to 1, got ${JSON.stringify({ maxDocuments, maxBytes, share })}`,
    );
  }
}

/** A number from 0 to below 1 that stands for the id. */
function placeOf(id: string, seed: number): number {
  return hash("sha256", `${seed}\n${id}`, "buffer").readUIntBE(0, 6) / 2 ** 48;
}
