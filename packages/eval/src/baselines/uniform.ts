// Every token equally likely: the score of a model that knows nothing but the vocabulary.
import { type BaselineModel, requireVocabularySize } from "./baseline.ts";

/** The baseline whose perplexity is the size of the vocabulary. */
export function uniformModel(vocabularySize: number): BaselineModel {
  requireVocabularySize("uniformModel", vocabularySize);
  return { name: "uniform", vocabularySize, contextLength: 0, probability: () => 1 / vocabularySize };
}
