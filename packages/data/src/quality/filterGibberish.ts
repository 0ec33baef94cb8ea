// Drops texts without sense by the perplexity of their letters.
import type { Document, Step } from "../document.ts";
import { DataError } from "../errors.ts";
import { filterStep } from "../filters/filterStep.ts";
import { CharacterModel } from "./characterModel.ts";
import { englishAlphabet, englishCosts } from "./englishCharacters.ts";

/** Options of `filterGibberish`. */
export interface GibberishOptions {
  /** Models by language code. Default: English alone. */
  readonly models?: Readonly<Record<string, CharacterModel>>;
  /** The language of documents without `metadata.language`. Default `"en"`. */
  readonly defaultLanguage?: string;
  /**
   * Highest perplexity per letter. Default 30: English prose has 5 to 10, with code and names 15; words with their letters
   * shuffled 50 and more, random keys 1000.
   */
  readonly maxPerplexity?: number;
  /** Texts with fewer letters are not judged. Default 20. */
  readonly minLetters?: number;
}

let english: CharacterModel | undefined;

/** The model of English, trained on the State of the Union addresses of 1790 to 2020. */
export function englishCharacterModel(): CharacterModel {
  english ??= new CharacterModel(englishAlphabet, Buffer.from(englishCosts, "base64"));
  return english;
}

/**
 * The step that drops documents whose letters are too unlikely for their language (reason `gibberish`). Documents in languages
 * without a model stay, so put it after `filterLanguage`; and those of which fewer than half of the letters are of the model's
 * alphabet.
 *
 * @throws DataError for a perplexity that is not above 1
 */
export function filterGibberish(options: GibberishOptions = {}): Step {
  const { models, defaultLanguage = "en", maxPerplexity = 30, minLetters = 20 } = options;
  if (!(maxPerplexity > 1)) {
    throw new DataError(`filterGibberish: expected maxPerplexity above 1, got ${maxPerplexity}`);
  }
  return filterStep("filterGibberish", ({ text, metadata }: Document) => {
    const language = typeof metadata?.language === "string" ? metadata.language : defaultLanguage;
    const model = models ? models[language] : language === "en" ? englishCharacterModel() : undefined;
    if (model === undefined) return undefined;
    const { letters, known, perplexity } = model.measure(text);
    const isJudged = letters >= minLetters && known * 2 >= letters;
    return isJudged && perplexity > maxPerplexity ? "gibberish" : undefined;
  });
}
