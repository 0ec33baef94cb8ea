// Signatures and removed documents against datatrove's, on the documents of tools/fixtures/data_filters.py, among which each
// passage stands with versions in which 0 to 15 % of the words are replaced.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { pipeline } from "../pipeline.ts";
import { Minhasher } from "./minhash.ts";
import { dropNearDuplicates, findNearDuplicates } from "./nearDuplicates.ts";
import { simplifyText } from "./simplifyText.ts";

interface Fixture {
  readonly removed: readonly number[];
  readonly signatures: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly simplified: readonly string[];
}

const read = (name: string) => readFileSync(new URL(`__fixtures__/${name}`, import.meta.url));
const fixture = JSON.parse(read("datatroveMinhash.json").toString("utf8")) as Fixture;
const documents = gunzipSync(read("datatrove.jsonl.gz"))
  .toString("utf8")
  .trimEnd()
  .split("\n")
  .map((line, i) => ({ id: `document ${i}`, ...(JSON.parse(line) as { text: string; kind: string; base: number }) }));

function signatureOf(text: string): string[] {
  const halves = new Minhasher().signature(text)!;
  return Array.from({ length: halves.length / 2 }, (_, i) =>
    ((BigInt(halves[2 * i]!) << 32n) | BigInt(halves[2 * i + 1]!)).toString(),
  );
}

describe("near-duplicates, against datatrove", () => {
  it("simplifies texts as datatrove", () => {
    const hashes = documents.map(({ text }) =>
      createHash("sha1").update(simplifyText(text)).digest("hex").slice(0, 12),
    );
    expect(documents.filter((_, i) => hashes[i] !== fixture.simplified[i])).toEqual([]);
  });

  it("makes datatrove's signatures", () => {
    for (const [place, buckets] of Object.entries(fixture.signatures)) {
      expect(signatureOf(documents[Number(place)]!.text)).toEqual(buckets.flat());
    }
  });

  it("keeps and drops the same documents", async () => {
    const found = await findNearDuplicates(documents);
    expect(found.documentCount).toBe(documents.length);
    expect(found.duplicates).toEqual(fixture.removed);
    const kept: string[] = [];
    const run = pipeline(documents, [dropNearDuplicates(found)]);
    for await (const { id } of run.documents) kept.push(id);
    expect(kept.length).toBe(documents.length - fixture.removed.length);
    expect(run.report().steps[0]!.dropped).toEqual({ "near duplicate": fixture.removed.length });
  });

  it("finds planted near-duplicates and leaves different passages alone", async () => {
    const planted = documents.filter(({ kind }) => kind === "base" || kind === "near");
    const found = await findNearDuplicates(planted);
    const bases = new Set(planted.map(({ base }) => base)).size;
    const keptBases = new Set(planted.filter(({ id }) => !found.duplicateIds.has(id)).map(({ base }) => base));
    // No passage is lost with all its versions, but for passages that overlap. Of the versions those with up to 2 % of the
    // words replaced are above the threshold, with 4 % about half, with 8 and 15 % below it.
    expect(bases - keptBases.size).toBeLessThan(bases * 0.03);
    expect(found.duplicates.length / (planted.length - bases)).toBeGreaterThan(0.45);
  });
});

/** Share of the runs of five words that two texts have in common (Jaccard). */
function similarity(a: string, b: string): number {
  const runs = (text: string) => {
    const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
    return new Set(words.slice(4).map((_, i) => words.slice(i, i + 5).join(" ")));
  };
  const [ours, theirs] = [runs(a), runs(b)];
  const shared = [...ours].filter((run) => theirs.has(run)).length;
  return shared / (ours.size + theirs.size - shared);
}

describe("recall and precision on planted versions, with datatrove's removals", () => {
  const bases = new Map(documents.filter(({ kind }) => kind === "base").map(({ base, text }) => [base, text]));
  const versions = documents
    .filter(({ kind }) => kind === "near")
    .map(({ base, text, id }) => ({ id, similarity: similarity(text, bases.get(base)!) }));
  const removedBy = (ids: ReadonlySet<string>, from: number, to: number) => {
    const inRange = versions.filter((version) => version.similarity >= from && version.similarity < to);
    return { planted: inRange.length, removed: inRange.filter(({ id }) => ids.has(id)).length };
  };

  it("removes nearly all that are alike by 0.8 and none below 0.5, as datatrove", async () => {
    const found = await findNearDuplicates(documents.filter(({ kind }) => kind === "base" || kind === "near"));
    const alike = removedBy(found.duplicateIds, 0.8, 2);
    expect(alike.planted).toBeGreaterThan(40);
    expect(alike.removed / alike.planted).toBeGreaterThan(0.95);
    expect(removedBy(found.duplicateIds, 0, 0.5).removed).toBe(0);
    const theirs = new Set(fixture.removed.map((place) => documents[place]!.id));
    expect(removedBy(theirs, 0.8, 2).removed / alike.planted).toBeGreaterThan(0.95);
  });
});

describe("Minhasher", () => {
  it("drops no other document with a duplicate's id", async () => {
    const [rain, snow] = ["it rained all day and the river rose", "snow fell on the hills in the early morning"];
    const documents = [rain, snow, rain, rain].map((text, place) => ({ id: place === 3 ? "b" : "a", text }));
    const found = await findNearDuplicates(documents);
    const step = dropNearDuplicates(found);
    for (const _ of ["first run", "second run"]) {
      const kept = [];
      for await (const { text } of pipeline(documents, [step]).documents) kept.push(text);
      expect(kept).toEqual([rain, snow]);
    }
    expect([...found.duplicateIds]).toEqual(["b"]);
  });

  it("has no signature for a text with fewer words than a shingle", () => {
    expect(new Minhasher().signature("one two three four")).toBeUndefined();
    expect(new Minhasher({ nGram: 4 }).signature("one two three four")).toHaveLength(224);
  });

  it("refuses sizes that are no positive integers", () => {
    expect(() => new Minhasher({ buckets: 0 })).toThrow("minhash: expected buckets to be a positive integer, got 0");
  });
});
