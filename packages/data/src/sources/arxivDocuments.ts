// Documents from arXiv's metadata snapshot (JSON lines): title and abstract of each paper.
import type { Document } from "../document.ts";
import { FormatError } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { jsonlDocuments } from "./jsonlDocuments.ts";
import type { ReadingContext } from "./readOptions.ts";

/**
 * One document a paper: its title, a blank line and its abstract, with the mark-up of formulas kept. The id is arXiv's;
 * metadata: title, authors (each "Given Family"), categories, doi, journal, license, and the dates of the first and the
 * last version.
 */
export async function* arxivDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const fields = { textField: "abstract", idField: "id" };
  for await (const { id, text, metadata = {} } of jsonlDocuments(file, context, fields)) {
    const title = unwrapped(metadata.title);
    if (title === "") {
      const detail = `expected a title in the record ${id} (is it arXiv's metadata snapshot?)`;
      context.skipOrThrow(new FormatError({ file: file.path }, "no title", detail));
      continue;
    }
    yield { id, text: `${title}\n\n${unwrapped(text)}`, metadata: paperMetadata(title, metadata) };
  }
}

function paperMetadata(title: string, record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const metadata: Record<string, unknown> = {
    title,
    authors: authorNames(record),
    categories: unwrapped(record.categories).split(" ").filter(Boolean),
  };
  const add = (name: string, value: unknown): void => {
    if (typeof value === "string" && value !== "") metadata[name] = value;
  };
  add("doi", record.doi);
  add("journal", record["journal-ref"]);
  add("license", record.license);
  const versions = Array.isArray(record.versions) ? (record.versions as { created?: unknown }[]) : [];
  add("submitted", isoDate(versions[0]?.created));
  add("updated", isoDate(versions.at(-1)?.created));
  return metadata;
}

/** Triples of family name, given names and suffix where they are there; the one line of names where not. */
function authorNames(record: Readonly<Record<string, unknown>>): string[] {
  const parsed = record.authors_parsed;
  if (!Array.isArray(parsed))
    return unwrapped(record.authors)
      .split(/,\s*|\s+and\s+/)
      .filter(Boolean);
  return (parsed as unknown[][]).map(([family = "", given = "", suffix = ""]) =>
    [given, family, suffix].filter((part) => part !== "").join(" "),
  );
}

function unwrapped(value: unknown): string {
  return typeof value === "string" ? value.replace(/\s+/g, " ").trim() : "";
}

function isoDate(value: unknown): string | undefined {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
