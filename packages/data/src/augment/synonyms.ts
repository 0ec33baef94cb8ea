// Where synonyms come from: WordNet (wordNet.ts), or files of word groups in the two formats they are mostly shared in.
import { readFile } from "node:fs/promises";
import { FileError, FormatError, systemReason } from "../errors.ts";

/** Words that may stand for others. */
export interface Synonyms {
  /** What may stand for a word, given in lower case; the best first, nothing where there is none. */
  of(word: string): readonly string[];
}

/**
 * Synonyms from groups of words of one meaning.
 *
 * @example
 * synonymGroups([["quick", "fast", "swift"]]).of("fast"); // ["quick", "swift"]
 */
export function synonymGroups(groups: Iterable<readonly string[]>): Synonyms {
  const byWord = new Map<string, string[]>();
  for (const group of groups) {
    for (const word of group) {
      const key = word.toLowerCase();
      const others = group.filter((other) => other.toLowerCase() !== key);
      byWord.set(key, [...new Set([...(byWord.get(key) ?? []), ...others])]);
    }
  }
  return { of: (word) => byWord.get(word) ?? [] };
}

/**
 * Reads a file of the Open Multilingual Wordnet (`wn-data-fra.tab`): lines of a synset, a kind and a lemma, with tabs between them.
 * Such files exist for over 30 languages, each with its own licence.
 *
 * @throws FileError for a file that cannot be read, FormatError for a file without lemmas.
 */
export async function readOpenMultilingualWordnet(path: string): Promise<Synonyms> {
  const synsets = new Map<string, string[]>();
  for (const line of (await readText(path)).split("\n")) {
    const [synset, kind, lemma] = line.trimEnd().split("\t");
    if (line.startsWith("#") || !lemma || !/(?:^|:)lemma$/.test(kind!)) continue;
    const lemmas = synsets.get(synset!);
    if (lemmas) lemmas.push(lemma.replaceAll("_", " "));
    else synsets.set(synset!, [lemma.replaceAll("_", " ")]);
  }
  return groupsOf(path, synsets.values(), "lines of synset, lemma and word with tabs between them");
}

/**
 * Reads a thesaurus in the text format of OpenThesaurus: a group of words on each line, with semicolons between them. Remarks in
 * brackets, as in `Fahrrad;Velo (schweiz.)`, are dropped.
 *
 * @throws FileError for a file that cannot be read, FormatError for a file without groups.
 */
export async function readThesaurus(path: string): Promise<Synonyms> {
  const groups = (await readText(path))
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map((line) =>
      line.split(";").map((word) =>
        word
          .replace(/\([^)]*\)/g, " ")
          .replace(/\s+/g, " ")
          .trim(),
      ),
    )
    .map((group) => group.filter((word) => word !== ""));
  return groupsOf(path, groups, "lines of words with semicolons between them");
}

function groupsOf(path: string, groups: Iterable<readonly string[]>, format: string): Synonyms {
  const useful = [...groups].filter((group) => group.length > 1);
  if (useful.length === 0) throw new FormatError({ file: path }, "no synonyms", `expected ${format}`);
  return synonymGroups(useful);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new FileError(`${path}: could not be read: ${systemReason(error)}`, { cause: error });
  }
}
