// Removes lines of advertisement and boilerplate: those that rules tell in many languages, and those that many pages of one site
// share.
import { hashText } from "../dedup/textUnits.ts";
import type { Document, Step } from "../document.ts";
import { DataError } from "../errors.ts";
import { boilerplateLines, boilerplatePhrases } from "./boilerplatePhrases.ts";

/** Options of `removeBoilerplateLines`. */
export interface BoilerplateOptions {
  /** Longest line that a phrase takes out, in UTF-16 code units: a sentence about cookies in a long paragraph stays. Default 160. */
  readonly maxLineLength?: number;
  /** Further phrases, in whatever case. */
  readonly phrases?: readonly string[];
  /** Lines that the pages of a site share, from `findSiteLines`. */
  readonly siteLines?: SiteLines;
}

/** Options of `findSiteLines`. */
export interface SiteLineOptions {
  /** Documents of a site in which a line must stand. Default 5. */
  readonly minDocuments?: number;
  /** Share of a site's documents in which it must stand, from 0 to 1. Default 0.2. */
  readonly minShare?: number;
  /** The site of a document, undefined for none. Default: the host of `metadata.url`. */
  readonly siteOf?: (document: Document) => string | undefined;
}

// A line that is but an address, or short texts between bars, arrows and dots, such as `Home > News > City`.
const address = /^(?:https?:\/\/|www\.)\S+$/i;
const separator = /\s*[|›»>·•→]\s*/;
const maxCrumbLength = 30;
const minCrumbs = 3;

/** The lines that many documents of a site share. */
export class SiteLines {
  readonly #lines: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #siteOf: (document: Document) => string | undefined;

  constructor(lines: ReadonlyMap<string, ReadonlySet<string>>, siteOf: (document: Document) => string | undefined) {
    this.#lines = lines;
    this.#siteOf = siteOf;
  }

  /** Lines found, over all sites. */
  get count(): number {
    return [...this.#lines.values()].reduce((sum, lines) => sum + lines.size, 0);
  }

  /** The function that says whether a line of the document is shared, or undefined where its site has none. */
  matcherOf(document: Document): ((line: string) => boolean) | undefined {
    const lines = this.#lines.get(this.#siteOf(document) ?? "");
    return lines && ((line) => lines.has(lineKey(line)));
  }
}

/**
 * Counts in how many documents of its site each line stands. Memory: a few dozen bytes a distinct line.
 *
 * @throws DataError for a share outside of 0 to 1
 */
export async function findSiteLines(
  documents: AsyncIterable<Document> | Iterable<Document>,
  options: SiteLineOptions = {},
): Promise<SiteLines> {
  const { minDocuments = 5, minShare = 0.2, siteOf = hostOf } = options;
  if (!(minShare >= 0 && minShare <= 1)) {
    throw new DataError(`findSiteLines: expected minShare from 0 to 1, got ${minShare}`);
  }
  const sites = new Map<string, { documents: number; lines: Map<string, number> }>();
  for await (const document of documents) {
    const name = siteOf(document);
    if (name === undefined) continue;
    const site = sites.get(name) ?? { documents: 0, lines: new Map() };
    sites.set(name, site);
    site.documents += 1;
    const keys = new Set(document.text.split("\n").filter(isText).map(lineKey));
    for (const key of keys) site.lines.set(key, (site.lines.get(key) ?? 0) + 1);
  }
  const shared = new Map<string, ReadonlySet<string>>();
  for (const [name, site] of sites) {
    const least = Math.max(minDocuments, site.documents * minShare);
    const lines = [...site.lines].filter(([, count]) => count >= least).map(([key]) => key);
    if (lines.length > 0) shared.set(name, new Set(lines));
  }
  return new SiteLines(shared, siteOf);
}

/**
 * The step that removes lines of boilerplate and drops documents of nothing else (reason `only boilerplate`).
 *
 * @example
 * const siteLines = await findSiteLines(pages);
 * pipeline(pages, [removeBoilerplateLines({ siteLines })]);
 */
export function removeBoilerplateLines(options: BoilerplateOptions = {}): Step {
  const { maxLineLength = 160, phrases = [], siteLines } = options;
  const known = [...Object.values(boilerplatePhrases).flat(), ...phrases].map((phrase) => phrase.toLowerCase());
  const anyPhrase = new RegExp(known.map((phrase) => phrase.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"), "u");
  const isBoilerplate = (line: string): boolean => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.length > maxLineLength) return false;
    const lower = trimmed.toLowerCase().replaceAll("’", "'");
    return boilerplateLines.has(lower.replace(/[\s.:…!>»→]+$/, "")) || isLinks(trimmed) || anyPhrase.test(lower);
  };
  return {
    name: "removeBoilerplateLines",
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      for await (const document of documents) {
        const isShared = siteLines?.matcherOf(document);
        const lines = document.text.split("\n");
        const kept = lines.filter((line) => !isBoilerplate(line) && !(isShared?.(line) && isText(line)));
        if (kept.length === lines.length) yield document;
        else if (kept.some(isText)) yield { ...document, text: kept.join("\n").trim() };
        else await drop(document, "only boilerplate");
      }
    },
  };
}

function isText(line: string): boolean {
  return line.trim() !== "";
}

function isLinks(line: string): boolean {
  if (address.test(line)) return true;
  const parts = line.split(separator).filter((part) => part !== "");
  // Rows of a table begin with a bar.
  return !line.startsWith("|") && parts.length >= minCrumbs && parts.every((part) => part.length <= maxCrumbLength);
}

/** A short name for a line without the white space around it. */
function lineKey(line: string): string {
  const trimmed = line.trim();
  const hash = { high: 0, low: 0 };
  hashText(hash, trimmed, 0, trimmed.length);
  return String.fromCharCode(hash.high >>> 16, hash.high & 0xffff, hash.low >>> 16, hash.low & 0xffff);
}

function hostOf({ metadata }: Document): string | undefined {
  const url = metadata?.url;
  return typeof url === "string" && URL.canParse(url) ? new URL(url).host : undefined;
}
