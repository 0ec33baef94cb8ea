// Groups of people and the words that name them. The lists are data: take them as they are, add to them, or bring others.
import { chineseGroups } from "./lexicons/chinese.ts";
import { englishGroups } from "./lexicons/english.ts";
import { frenchGroups } from "./lexicons/french.ts";
import { germanGroups } from "./lexicons/german.ts";
import { spanishGroups } from "./lexicons/spanish.ts";

/** A group of people: a value (`female`) of an attribute (`gender`). The same names in every language. */
export interface Group {
  readonly attribute: string;
  readonly group: string;
}

/** Attribute, then group, then the terms that name the group. Plain JSON. */
export type GroupLexicon = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/**
 * Words for groups of people by gender, ethnicity, religion, age, nationality (ISO 3166 country codes) and disability, by language.
 *
 * A term in lower case is found in any case; one with capitals only as written or all in capitals (`Polish`, not `polish`). Left
 * out are words that mostly mean something else: pronouns that are ambiguous (German `sie`, French `il`), colours alone.
 */
export const groupLexicons: Readonly<Record<string, GroupLexicon>> = {
  en: englishGroups,
  de: germanGroups,
  fr: frenchGroups,
  es: spanishGroups,
  zh: chineseGroups,
};

/**
 * One lexicon with the terms of all.
 *
 * @example
 * const lexicon = mergeLexicons(groupLexicons.en, { profession: { nurse: ["nurse", "nurses"] } });
 */
export function mergeLexicons(...lexicons: readonly GroupLexicon[]): GroupLexicon {
  const merged: Record<string, Record<string, string[]>> = {};
  for (const lexicon of lexicons) {
    for (const [attribute, groups] of Object.entries(lexicon)) {
      merged[attribute] ??= {};
      for (const [group, terms] of Object.entries(groups)) {
        merged[attribute][group] = [...new Set([...(merged[attribute][group] ?? []), ...terms])];
      }
    }
  }
  return merged;
}
