// The small files in the formats of corpora that tools/fixtures/data_sources.py wrote, and what is in them.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { type ReadOptions, readDocuments } from "../src/index.ts";
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

/** The error that reading `path` ends in. */
export async function failure(path: string, options?: ReadOptions): Promise<Error> {
  return collect(readDocuments(path, options)).then(
    () => expect.fail("expected the reading to fail"),
    (error: Error) => error,
  );
}

/** All documents of `path`, and the report on them. */
export async function readAll(path: string, options?: ReadOptions) {
  const source = readDocuments(path, options);
  return { documents: await collect(source), report: source.report() };
}
