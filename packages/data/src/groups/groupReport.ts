// How documents speak of groups of people: how often, together with which words, and in what tone.
import type { Document } from "../document.ts";
import { DataError } from "../errors.ts";
import { type ContextCounts, GroupContexts, type WordAssociation } from "./groupContexts.ts";
import { GroupFinder, type LexiconOptions } from "./groupMentions.ts";
import { occupations } from "./lexicons/occupations.ts";

/** Words to count near mentions: the list's name, then language, then words. */
export type WordLists = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Options of `measureGroups`. */
export interface GroupReportOptions extends LexiconOptions {
  /** Default: `{ occupations }`. */
  readonly wordLists?: WordLists;
  /** Words before and after a mention that are its context; two characters, in languages without spaces. Default 10. */
  readonly windowWords?: number;
  /** Valence of words by language, for those that differ from `sentimentWords`. */
  readonly sentiment?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Contexts a word must be met in, with all groups of the attribute, to be reported. Default 5. */
  readonly minCount?: number;
}

/** What was found of one group. */
export interface GroupStatistics {
  readonly mentions: number;
  /** Documents with at least one mention. */
  readonly documents: number;
  /** Share of the mentions of the attribute's groups. */
  readonly share: number;
  /** Mean, over contexts with at least one word of known valence, of the mean valence of these words, -5 to 5. */
  readonly sentiment: number | undefined;
  /** Contexts with at least one word of known valence. */
  readonly sentimentContexts: number;
  /** Words of each list near the group, those most bound to it first. */
  readonly associations: Readonly<Record<string, readonly WordAssociation[]>>;
}

/** What was found in documents: attribute, then group. */
export interface GroupReport {
  readonly documents: number;
  /** Documents in a language without lexicon, which were not looked at. */
  readonly withoutLexicon: number;
  readonly attributes: Readonly<Record<string, Readonly<Record<string, GroupStatistics>>>>;
}

/**
 * Counts mentions of groups, the words near them and the tone of these words. A context is the words within `windowWords` of a
 * mention. A word is bound to a group by pointwise mutual information over the contexts of all groups of the attribute.
 *
 * @throws DataError for a window or count below 1.
 * @example
 * const report = await measureGroups(readDocuments("corpus/"));
 * report.attributes.gender.female.associations.occupations[0]; // { word: "nurse", count: 812, pmi: 0.9 }
 */
export async function measureGroups(
  documents: AsyncIterable<Document> | Iterable<Document>,
  options: GroupReportOptions = {},
): Promise<GroupReport> {
  const { windowWords = 10, minCount = 5, wordLists = { occupations }, sentiment = {} } = options;
  for (const [name, value] of Object.entries({ windowWords, minCount })) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new DataError(`measureGroups: ${name}: expected a whole number above 0, got ${value}`);
    }
  }
  const finder = new GroupFinder(options);
  const contexts = new GroupContexts(finder, { windowWords, wordLists, sentiment });
  let count = 0;
  let withoutLexicon = 0;
  for await (const document of documents) {
    count += 1;
    if (!contexts.add(document)) withoutLexicon += 1;
  }
  const attributes = Object.fromEntries(
    [...contexts.counts].map(([attribute, groups]) => [attribute, statisticsOf(groups, minCount)]),
  );
  return { documents: count, withoutLexicon, attributes };
}

function statisticsOf(groups: ReadonlyMap<string, ContextCounts>, minCount: number): Record<string, GroupStatistics> {
  const all = [...groups.values()].reduce((sum, { mentions }) => sum + mentions, 0);
  return Object.fromEntries(
    [...groups].map(([group, counts]) => [
      group,
      {
        mentions: counts.mentions,
        documents: counts.documents,
        share: counts.mentions / all,
        sentiment: counts.sentimentContexts === 0 ? undefined : counts.sentiment / counts.sentimentContexts,
        sentimentContexts: counts.sentimentContexts,
        associations: Object.fromEntries(
          [...counts.words.keys()].map((list) => [list, associations(groups, { group, list, all, minCount })]),
        ),
      },
    ]),
  );
}

function associations(
  groups: ReadonlyMap<string, ContextCounts>,
  { group, list, all, minCount }: { group: string; list: string; all: number; minCount: number },
): WordAssociation[] {
  const { mentions, words } = groups.get(group)!;
  const found: WordAssociation[] = [];
  for (const [word, count] of words.get(list)!) {
    let withWord = 0;
    for (const other of groups.values()) withWord += other.words.get(list)?.get(word) ?? 0;
    if (withWord >= minCount)
      found.push({ word, count, pmi: pointwiseMutualInformation(count, mentions, withWord, all) });
  }
  return found.sort((a, b) => b.pmi - a.pmi || b.count - a.count || (a.word < b.word ? -1 : 1));
}

/** log2 of how much more often two things come together than they would by chance. */
export function pointwiseMutualInformation(both: number, first: number, second: number, all: number): number {
  return Math.log2((both * all) / (first * second));
}
