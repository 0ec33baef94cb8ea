// How positive or negative words are: AFINN-165 (Nielsen 2011), -5 to 5, and its translations, from the npm package
// `afinn-165-multilingual`. The translations were made word by word by machine: good for comparing groups, not for single texts.
import { createRequire } from "node:module";
import { DataError } from "../errors.ts";
import { TermMatcher } from "./termMatcher.ts";

/** Languages with a list of sentiment words. */
export const sentimentLanguages: readonly string[] =
  "af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu hi hr hu hy id it ja ka kk km kn ko la lo lt lv mk ml mn mr ms mt my ne nl no pa pl pt ro ru si sk sl so sq sr sv sw ta te th tl tr uk ur uz vi yi zh zu".split(
    " ",
  );

/** Words and phrases with their valence, from -5 (very negative) to 5; undefined for a language without a list. */
export function sentimentWords(language: string): Readonly<Record<string, number>> | undefined {
  if (!sentimentLanguages.includes(language)) return undefined;
  return createRequire(import.meta.url)(`afinn-165-multilingual/build/AFINN-${language}.json`) as Record<
    string,
    number
  >;
}

/** Words with their valence as a list to find in texts. */
export function sentimentMatcher(words: Readonly<Record<string, number>>, language: string): TermMatcher<number> {
  // As written in the lists, capitals mean nothing but the beginning of a translated sentence.
  return new TermMatcher(
    Object.entries(words).map(([word, valence]) => [word.toLowerCase(), valence] as const),
    language,
  );
}

/** Scores texts as AFINN does: the sum of the valences of the words, without regard to negation and emphasis. */
export class SentimentScorer {
  readonly #matcher: TermMatcher<number>;

  /**
   * @param words valences of words and phrases. Default: `sentimentWords(language)`.
   * @throws DataError for a language without a list, where none is given.
   */
  constructor(language: string, words = sentimentWords(language)) {
    if (words === undefined) {
      throw new DataError(
        `SentimentScorer: expected a language of sentimentLanguages, got "${language}" (give a list of words with it)`,
      );
    }
    this.#matcher = sentimentMatcher(words, language);
  }

  /**
   * @example
   * new SentimentScorer("en").score("A wonderful day"); // 4
   */
  score(text: string): number {
    return this.#matcher.find(text).reduce((sum, { values }) => sum + values[0]!, 0);
  }
}
