import { describe, expect, it } from "vitest";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";
import type { Document } from "../document.ts";
import { readDocuments } from "../readDocuments.ts";
import { openTokenShards } from "../tokenDataset.ts";
import { writeTokenShards } from "../writeTokenShards.ts";
import { type DocumentMixture, mixDocuments } from "./mixDocuments.ts";
import { mixTokenDatasets } from "./mixTokenDatasets.ts";

const documents = (name: string, count: number): Document[] =>
  Array.from({ length: count }, (_, i) => ({ id: `${name}${i}`, text: `${name} ${i}` }));

async function take(mixture: DocumentMixture, count = Number.POSITIVE_INFINITY): Promise<string[]> {
  const ids: string[] = [];
  if (count === 0) return ids;
  for await (const { id, metadata } of mixture) {
    ids.push(`${id} in ${metadata!.mixtureSource} ${metadata!.mixtureEpoch}`);
    if (ids.length === count) break;
  }
  return ids;
}

describe("mixDocuments", () => {
  const sources = () => ({
    big: { documents: documents("b", 60), weight: 6 },
    small: { documents: documents("s", 7), weight: 4, maxEpochs: 3 },
  });

  it("holds the shares, repeats up to the cap and goes on with the rest", async () => {
    const mixture = mixDocuments(sources(), { seed: 2 });
    const ids = await take(mixture);
    expect(ids).toHaveLength(60 + 3 * 7);
    expect(ids.filter((id) => id.startsWith("b"))).toEqual(documents("b", 60).map(({ id }) => `${id} in big 0`));
    expect(ids.filter((id) => id.startsWith("s3 "))).toEqual([0, 1, 2].map((epoch) => `s3 in small ${epoch}`));
    const small = ids.slice(0, 40).filter((id) => id.startsWith("s")).length;
    expect(Math.abs(small - 16)).toBeLessThanOrEqual(1);
    expect(mixture.report()).toEqual({
      big: { documents: 60, characters: 50 * 4 + 10 * 3, share: 60 / 81, epochs: 1 },
      small: { documents: 21, characters: 63, share: 21 / 81, epochs: 3 },
    });
  });

  it("ends with the first source that is used up where asked to", async () => {
    const ids = await take(mixDocuments(sources(), { until: "first" }));
    expect(Math.abs(ids.length - 21 / 0.4)).toBeLessThan(4);
  });

  it("goes on from a position, also in a new process and inside of files", async () => {
    const folder = new TemporaryFolder();
    folder.write(
      "a/1.jsonl",
      documents("x", 13)
        .map((document) => JSON.stringify(document))
        .join("\n"),
    );
    folder.write(
      "a/2.jsonl",
      documents("y", 9)
        .map((document) => JSON.stringify(document))
        .join("\n"),
    );
    const fresh = () =>
      mixDocuments({
        ...sources(),
        files: { documents: readDocuments(folder.join("a")), weight: 3, maxEpochs: 2 },
      });
    const whole = await take(fresh());
    expect(whole.filter((id) => id.endsWith("in files 1"))).toHaveLength(22);
    for (const count of [0, 1, 20, 57, 80, 110, whole.length]) {
      const first = fresh();
      expect(await take(first, count)).toEqual(whole.slice(0, count));
      const position = JSON.parse(JSON.stringify(first.position()));
      const second = fresh();
      second.seek(position);
      expect(await take(second, 10)).toEqual(whole.slice(count, count + 10));
      expect(await take(second)).toEqual(whole.slice(count + 10));
      expect(await take(first)).toEqual(whole.slice(count));
    }
  });

  it("names what cannot be", async () => {
    expect(() => mixDocuments({})).toThrow("mixDocuments: expected at least one source, got none");
    expect(() => mixDocuments({ a: { documents: [], weight: 0 } })).toThrow(
      "a: weight: expected a finite number above 0",
    );
    expect(() => mixDocuments({ a: { documents: [], weight: 1, maxEpochs: 0.5 } })).toThrow("a: maxEpochs: expected");
    await expect(take(mixDocuments({ a: { documents: [], weight: 1 } }))).rejects.toThrow(
      "mixDocuments: a: expected documents, got none (leave the source out)",
    );
    const position = mixDocuments(sources()).position();
    expect(() => mixDocuments({ a: sources().big }).seek(position)).toThrow(
      "seek: expected a position of the sources a, got one of big, small",
    );
    const shorter = mixDocuments({ ...sources(), big: { documents: documents("b", 3), weight: 6 } });
    shorter.seek({ ...position, sources: { ...position.sources, big: { epoch: 0, documents: 5 } } });
    await expect(take(shorter)).rejects.toThrow("big: expected at least 5 documents to go on after, got 3");
  });
});

describe("mixTokenDatasets", () => {
  const encoder = { vocabularySize: 256, encode: (text: string) => Buffer.from(text) };
  const open = async (folder: TemporaryFolder, name: string, tokens: number, more = {}) => {
    await writeTokenShards([{ id: name, text: name.repeat(tokens) }], { folder: folder.join(name), encoder, ...more });
    return openTokenShards(folder.join(name));
  };

  it("draws rows by weight, every window of a data set once an epoch, and goes on from a position", async () => {
    const folder = new TemporaryFolder();
    await using a = await open(folder, "a", 400);
    await using b = await open(folder, "b", 90);
    const datasets = { a: { dataset: a, weight: 3 }, b: { dataset: b, weight: 1 } };
    const stream = () => mixTokenDatasets(datasets, { batchSize: 4, sequenceLength: 8, seed: 9 });
    const batches = stream();
    const whole = [];
    for (let i = 0; i < 40; i++) whole.push((await batches.next())!);
    const names = whole.flatMap(({ sources }) => sources);
    expect(Math.abs(names.filter((name) => name === "b").length - 40)).toBeLessThanOrEqual(2);
    for (const { inputIds, labels, sources } of whole) {
      for (const [row, name] of sources.entries()) {
        const expected = new Int32Array(8).fill(name.charCodeAt(0));
        expect(inputIds.subarray(row * 8, row * 8 + 8)).toEqual(expected);
        expect(labels.subarray(row * 8, row * 8 + 8)).toEqual(expected);
      }
    }
    expect(batches.vocabularySize).toBe(256);
    const other = stream();
    for (let i = 0; i < 17; i++) await other.next();
    const resumed = stream();
    resumed.seek(JSON.parse(JSON.stringify(other.position())));
    for (let i = 17; i < 40; i++) expect(await resumed.next()).toEqual(whole[i]);
  });

  it("names what does not fit", async () => {
    const folder = new TemporaryFolder();
    await using a = await open(folder, "a", 100, { tokenizerHash: "one" });
    await using b = await open(folder, "b", 100, { tokenizerHash: "two" });
    const options = { batchSize: 2, sequenceLength: 8 };
    expect(() => mixTokenDatasets({}, options)).toThrow("expected at least one data set, got none");
    expect(() => mixTokenDatasets({ a: { dataset: a, weight: 0 } }, options)).toThrow(
      "a: weight: expected a finite number",
    );
    expect(() => mixTokenDatasets({ a: { dataset: a, weight: 1 }, b: { dataset: b, weight: 1 } }, options)).toThrow(
      "b and a have different tokenizerHash: two and one (tokenize them with the same tokenizer)",
    );
    expect(() => mixTokenDatasets({ a: { dataset: a, weight: 1 } }, { batchSize: 99, sequenceLength: 8 })).toThrow(
      "expected windows for one batch of 99, got 11 (lower batchSize)",
    );
  });
});
