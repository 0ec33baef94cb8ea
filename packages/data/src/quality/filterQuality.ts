// Keeps the documents that a trained classifier takes for good ones, as DCLM (Li et al. 2024) chose its pages with fastText.
import type { Document, Step } from "../document.ts";
import { DataError } from "../errors.ts";
import type { TextClassifier } from "./textClassifier.ts";

/** Options of `filterQuality`. */
export interface QualityOptions {
  readonly classifier: TextClassifier;
  /** The label of documents to keep. */
  readonly label: string;
  /** Least probability of that label. Default 0.5. */
  readonly minScore?: number;
}

/**
 * The step that drops documents whose probability of `label` is below `minScore` (reason `low quality`) and notes the
 * probability of the others as `metadata.qualityScore`.
 *
 * @throws DataError for a label that the classifier does not know
 */
export function filterQuality(options: QualityOptions): Step {
  const { classifier, label, minScore = 0.5 } = options;
  if (!classifier.labels.includes(label)) {
    throw new DataError(`filterQuality: expected one of the labels ${classifier.labels.join(", ")}, got ${label}`);
  }
  return {
    name: "filterQuality",
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      for await (const document of documents) {
        const scores = classifier.predict(document.text, { count: Number.POSITIVE_INFINITY });
        const qualityScore = scores.find((entry) => entry.label === label)!.score;
        if (qualityScore < minScore) await drop(document, "low quality");
        else yield { ...document, metadata: { ...document.metadata, qualityScore } };
      }
    },
  };
}
