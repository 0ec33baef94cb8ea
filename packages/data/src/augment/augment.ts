// Adds changed copies of documents to a stream.
import { checkCounts, checkSeed } from "../batches/checkCounts.ts";
import type { Document, Step } from "../document.ts";
import { DataError } from "../errors.ts";
import { RandomDraws } from "./randomDraws.ts";
import { stopWords } from "./stopWords.ts";
import type { Synonyms } from "./synonyms.ts";
import { type AugmentOperation, augmentText, checkOperations } from "./textAugmentation.ts";

/** Options of `augment`. */
export interface AugmentOptions {
  /** Applied in turn, one per copy. Default: all four with synonyms, swap and deletion without. */
  readonly operations?: readonly AugmentOperation[];
  /** Copies per document. Default: one per operation. */
  readonly copies?: number;
  /** Share of the words to change, EDA's alpha. Default 0.1. */
  readonly share?: number;
  /** Synonyms by language, for replacement and insertion: `{ en: await openWordNet() }`. Other languages are left alone by these. */
  readonly synonyms?: Readonly<Record<string, Synonyms>>;
  /** The language of documents without `metadata.language`. Default `"en"`. */
  readonly defaultLanguage?: string;
  /** Hands on the documents themselves, too. Default true. */
  readonly keepOriginal?: boolean;
  /** A safe integer. Default 0. */
  readonly seed?: number;
}

const withoutSynonyms: readonly AugmentOperation[] = ["randomSwap", "randomDeletion"];
const allOperations: readonly AugmentOperation[] = ["synonymReplacement", "randomInsertion", ...withoutSynonyms];

/**
 * The step that puts changed copies after each document, with the ids `id#augmented1`, … and `metadata.augmentation` `{ operation,
 * share, changed, of }`. What is changed depends on the seed and the id alone. A copy that came out the same is left out.
 *
 * @throws DataError for impossible options.
 * @example
 * const more = pipeline(documents, [augment({ synonyms: { en: await openWordNet() }, copies: 4 })]);
 */
export function augment(options: AugmentOptions = {}): Step {
  const { share = 0.1, synonyms, defaultLanguage = "en", keepOriginal = true, seed = 0 } = options;
  const operations = options.operations ?? (synonyms ? allOperations : withoutSynonyms);
  const copies = options.copies ?? operations.length;
  checkOperations("augment", operations, synonyms && Object.values(synonyms)[0]);
  checkCounts("augment", { copies });
  checkSeed("augment", seed);
  if (!(share > 0 && share < 1)) throw new DataError(`augment: share: expected a share between 0 and 1, got ${share}`);
  const ignoredWords = new Map<string, ReadonlySet<string>>();
  const ignoredIn = (language: string): ReadonlySet<string> => {
    const known = ignoredWords.get(language) ?? stopWords(language);
    ignoredWords.set(language, known);
    return known;
  };

  const copyOf = (document: Document, copy: number): Document | undefined => {
    const language = typeof document.metadata?.language === "string" ? document.metadata.language : defaultLanguage;
    const operation = operations[(copy - 1) % operations.length]!;
    const { text, changed } = augmentText(document.text, operation, {
      share,
      language,
      synonyms: synonyms?.[language],
      stopWords: ignoredIn(language),
      draws: new RandomDraws(seed, document.id, copy),
    });
    if (text === document.text) return undefined;
    const augmentation = { operation, share, changed, of: document.id };
    return {
      ...document,
      id: `${document.id}#augmented${copy}`,
      text,
      metadata: { ...document.metadata, augmentation },
    };
  };

  return {
    name: "augment",
    async *apply(documents): AsyncGenerator<Document> {
      for await (const document of documents) {
        if (keepOriginal) yield document;
        for (let copy = 1; copy <= copies; copy++) {
          const augmented = copyOf(document, copy);
          if (augmented) yield augmented;
        }
      }
    },
  };
}
