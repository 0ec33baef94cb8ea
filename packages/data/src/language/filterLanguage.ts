// Labels documents with their language and keeps the wanted ones, with the decisions of datatrove's LanguageFilter.
import type { Document, Step } from "../document.ts";
import { DataError } from "../errors.ts";
import type { TextClassifier } from "../quality/textClassifier.ts";
import { languageClassifier } from "./languageModel.ts";

/** Options of `filterLanguage`. */
export interface LanguageOptions {
  /** Codes of the languages to keep, as the classifier names them. Default: all. */
  readonly languages?: readonly string[];
  /** A document is kept when the probability of its language, or of one of `languages`, is above. Default 0.65. */
  readonly minScore?: number;
  /** A fastText classifier or any other that names labels with scores. Default: `languageClassifier()`, 176 languages. */
  readonly classifier?: Pick<TextClassifier, "labels" | "predict">;
}

/**
 * The step that notes the language and its probability as `metadata.language` and `metadata.languageScore`, and drops
 * documents of other languages (reason `other language`) and of none with certainty (reason `unclear language`). With
 * `minScore: 0` and without `languages` it only labels.
 *
 * @throws DataError, when it starts, for a language that the classifier does not know
 */
export function filterLanguage(options: LanguageOptions = {}): Step {
  const { languages, minScore = 0.65 } = options;
  return {
    name: "filterLanguage",
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      const classifier = options.classifier ?? (await languageClassifier());
      const unknown = languages?.find((language) => !classifier.labels.includes(language));
      if (unknown !== undefined) {
        throw new DataError(
          `filterLanguage: the classifier knows no language ${JSON.stringify(unknown)} (classifier.labels lists those it knows)`,
        );
      }
      const count = languages ? Number.POSITIVE_INFINITY : 1;
      for await (const document of documents) {
        const scores = classifier.predict(document.text, { count });
        const [best] = scores as [(typeof scores)[0]];
        const wanted = languages ? scores.find(({ label }) => languages.includes(label))! : best;
        const metadata = { ...document.metadata, language: best.label, languageScore: best.score };
        if (wanted.score > minScore) yield { ...document, metadata };
        else await drop({ ...document, metadata }, wanted === best ? "unclear language" : "other language");
      }
    },
  };
}
