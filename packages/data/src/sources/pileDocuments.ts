// Documents from The Pile (Gao et al., 2020): JSON lines whose `meta.pile_set_name` tells which of 22 collections they are from.
import type { Document } from "../document.ts";
import { DataError, FormatError } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { jsonlDocuments } from "./jsonlDocuments.ts";
import type { ReadingContext } from "./readOptions.ts";

/** The names of The Pile's subsets, as its records spell them. */
export const pileSubsets = [
  "ArXiv",
  "BookCorpus2",
  "Books3",
  "DM Mathematics",
  "Enron Emails",
  "EuroParl",
  "FreeLaw",
  "Github",
  "Gutenberg (PG-19)",
  "HackerNews",
  "NIH ExPorter",
  "OpenSubtitles",
  "OpenWebText2",
  "PhilPapers",
  "Pile-CC",
  "PubMed Abstracts",
  "PubMed Central",
  "StackExchange",
  "USPTO Backgrounds",
  "Ubuntu IRC",
  "Wikipedia (en)",
  "YoutubeSubtitles",
] as const;

/**
 * Refuses a misspelt subset, which would otherwise read 800 GB and give nothing.
 * @throws DataError naming the subset and the known ones.
 */
export function checkPileSubsets(subsets: readonly string[] | undefined): void {
  const known: readonly string[] = pileSubsets;
  const unknown = subsets?.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new DataError(`readDocuments: pileSubsets: expected names among ${known.join(", ")}, got "${unknown}"`);
}

/** The documents of the subsets asked for; each has its subset's name in its metadata as `subset`. */
export async function* pileDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const wanted = context.options.pileSubsets && new Set(context.options.pileSubsets);
  for await (const document of jsonlDocuments(file, context)) {
    const meta = document.metadata?.meta;
    const subset =
      typeof meta === "object" && meta !== null && "pile_set_name" in meta ? meta.pile_set_name : undefined;
    if (typeof subset !== "string") {
      const detail = `expected the subset's name in "meta.pile_set_name" of the record ${document.id} (if this is not The Pile, read it as "jsonl")`;
      context.skipOrThrow(new FormatError({ file: file.path }, "no subset", detail));
    } else if (wanted === undefined || wanted.has(subset)) {
      yield { ...document, metadata: { ...document.metadata, subset } };
    }
  }
}
