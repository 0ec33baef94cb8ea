// The small files in the formats of corpora that tools/fixtures/data_sources.py and data_collections.py wrote, and what is in them.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { type Input, type ReadOptions, readDocuments } from "../src/index.ts";
import { collect } from "./temporaryFolder.ts";

/** Path of a fixture. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../src/sources/__fixtures__/${name}`, import.meta.url));
}

/** What the reference libraries put into the fixtures. */
export const expected = JSON.parse(readFileSync(fixture("expected.json"), "utf8")) as {
  readonly sentences: readonly string[];
  readonly parquet: readonly Readonly<Record<string, unknown>>[];
  readonly wikitext: readonly { readonly wikitext: string; readonly plain: string }[];
};

/** What the reference libraries of collections.json's formats read from the fixtures. */
export const collections = JSON.parse(readFileSync(fixture("collections.json"), "utf8")) as {
  readonly pubmed: readonly Readonly<Record<string, string>>[];
  readonly latex: readonly { readonly latex: string; readonly plain: string }[];
  readonly pdf: readonly string[];
  readonly crawlIndex: readonly {
    readonly url: string;
    readonly status: string;
    readonly offset: string;
    readonly length: string;
  }[];
};

/** The error that reading `input` ends in. */
export async function failure(input: Input | readonly Input[], options?: ReadOptions): Promise<Error> {
  return collect(readDocuments(input, options)).then(
    () => expect.fail("expected the reading to fail"),
    (error: Error) => error,
  );
}

/** All documents of `input`, and the report on them. */
export async function readAll(input: Input | readonly Input[], options?: ReadOptions) {
  const source = readDocuments(input, options);
  return { documents: await collect(source), report: source.report() };
}
