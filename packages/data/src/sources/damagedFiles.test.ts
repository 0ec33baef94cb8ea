import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { fixture, readAll } from "../../test/sourceFixtures.ts";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";
import { DataError } from "../errors.ts";
import type { ReadOptions } from "./readOptions.ts";

const damagesOfEach = 40;

/** Numbers that are the same in each run (Numerical Recipes' generator). */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** A copy that is cut, has bytes changed, or lacks a piece. */
function damaged(bytes: Buffer, random: (limit: number) => number): Buffer {
  const at = random(bytes.length);
  const kind = random(3);
  if (kind === 0) return bytes.subarray(0, at);
  if (kind === 1) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(50))]);
  const copy = Buffer.from(bytes);
  for (let count = random(8); count >= 0; count -= 1) copy[random(copy.length)] = random(256);
  return copy;
}

const samples: [name: string, bytes: Buffer, options?: ReadOptions][] = [
  ["rows.zstd.parquet", readFileSync(fixture("rows.zstd.parquet"))],
  ["rows.parquet", readFileSync(fixture("rows.none.parquet"))],
  ["crawl.warc.gz", readFileSync(fixture("crawl.warc.gz"))],
  ["crawl.warc", gunzipSync(readFileSync(fixture("crawl.warc.gz")))],
  ["x-pages-articles.xml.bz2", readFileSync(fixture("dewiki-20240101-pages-articles-multistream.xml.bz2"))],
  ["pile.jsonl.zst", readFileSync(fixture("pile.jsonl.zst"))],
  ["pubmed24n0001.xml", gunzipSync(readFileSync(fixture("pubmed24n0001.xml.gz")))],
  ["arxiv-metadata-oai-snapshot.json", gunzipSync(readFileSync(fixture("arxiv-metadata-oai-snapshot.json.gz")))],
  ["2401.00001.tar.gz", readFileSync(fixture("2401.00001.tar.gz"))],
  ["arXiv_src_2401_001.tar", readFileSync(fixture("arXiv_src_2401_001.tar"))],
  ["repository.zip", readFileSync(fixture("repository.zip")), { format: "repository" }],
  ["repository.tar", gunzipSync(readFileSync(fixture("repository.tar.gz"))), { format: "repository" }],
  ["report.pdf", readFileSync(fixture("report.pdf"))],
];

it.each(samples)(
  "reads what is left of a damaged %s, or says what is wrong with it",
  async (...[name, bytes, options]: (typeof samples)[number]) => {
    const folder = new TemporaryFolder();
    const random = numbers(bytes.length);
    let faults = 0;
    for (let count = 0; count < damagesOfEach; count += 1) {
      const path = folder.write(name, damaged(bytes, random));
      // Faults of the file are skipped and counted; whatever else comes up would be a fault of the reader.
      const read = readAll(path, { ...options, badInput: "skip", invalidUtf8: "replace" });
      const { report } = await read.catch((error: unknown) => {
        if (DataError.isInstance(error)) return { report: undefined };
        throw new Error(`damage ${count} of ${name}`, { cause: error });
      });
      faults += report ? Object.values(report.skipped).reduce((sum, skipped) => sum + skipped, 0) : 1;
    }
    expect(faults).toBeGreaterThan(0);
  },
  60_000,
);
