import { expect, test } from "vitest";
import { writeShardCorpus } from "../../test/shardCorpus.ts";
import { collect, TemporaryFolder } from "../../test/temporaryFolder.ts";
import { deduplicate } from "../deduplicate.ts";
import { dropNearDuplicates, findNearDuplicates } from "../filters/nearDuplicates.ts";
import { pipeline } from "../pipeline.ts";
import { readDocuments } from "../readDocuments.ts";
import { deduplicateShards } from "./deduplicateShards.ts";

async function inMemory(corpus: string, exact = true): Promise<string[]> {
  const distinct = await collect(pipeline(readDocuments(corpus), exact ? [deduplicate()] : []).documents);
  const found = await findNearDuplicates(distinct);
  return (await collect(pipeline(distinct, [dropNearDuplicates(found)]).documents)).map(({ id }) => id);
}

const idsIn = async (folder: string) => (await collect(readDocuments(folder))).map(({ id }) => id);

test("drops what the steps in memory drop, whatever the number of threads", async () => {
  const folder = new TemporaryFolder();
  const corpus = writeShardCorpus(folder, 7, 150);
  const expected = await inMemory(corpus);
  expect(expected.length).toBeLessThan(900);
  const results = [];
  for (const workers of [1, 2]) {
    const output = folder.join(`unique-${workers}`);
    const { status, duplicates } = await deduplicateShards({ input: corpus, output, workers });
    expect(await idsIn(`${output}/documents`)).toEqual(expected);
    expect(status.report.out.documents).toBe(expected.length);
    expect(duplicates!.documents).toBe(1050);
    expect(duplicates!.exactDuplicates + duplicates!.nearDuplicates).toBe(1050 - expected.length);
    expect(status.report.steps[0]!.dropped).toEqual({
      duplicate: duplicates!.exactDuplicates,
      "near duplicate": duplicates!.nearDuplicates,
    });
    results.push(duplicates);
  }
  expect(results[1]).toEqual(results[0]);
});

test("either kind alone", async () => {
  const folder = new TemporaryFolder();
  const corpus = writeShardCorpus(folder, 3, 120);
  await deduplicateShards({ input: corpus, output: folder.join("near"), exact: false, workers: 1 });
  expect(await idsIn(folder.join("near/documents"))).toEqual(await inMemory(corpus, false));
  await deduplicateShards({ input: corpus, output: folder.join("exact"), near: false, workers: 1 });
  const distinct = await collect(pipeline(readDocuments(corpus), [deduplicate()]).documents);
  expect(await idsIn(folder.join("exact/documents"))).toEqual(distinct.map(({ id }) => id));
});

test("ranks sign and remove, one searches", async () => {
  const folder = new TemporaryFolder();
  const corpus = writeShardCorpus(folder, 4, 60);
  const options = { input: corpus, output: folder.join("unique"), workers: 1 };
  const rank = (rank: number) => ({ rank, worldSize: 2 });
  const first = await deduplicateShards({ ...options, stage: "sign", rank: rank(1) });
  expect(first.status.missing).toEqual([0, 2]);
  await expect(deduplicateShards({ ...options, stage: "find" })).rejects.toThrow("shard 0 is not signed yet");
  await deduplicateShards({ ...options, stage: "sign", rank: rank(0) });
  await deduplicateShards({ ...options, stage: "find" });
  await deduplicateShards({ ...options, stage: "remove", rank: rank(0) });
  const last = await deduplicateShards({ ...options, stage: "remove", rank: rank(1) });
  expect(last.status.missing).toEqual([]);
  expect(await idsIn(folder.join("unique/documents"))).toEqual(await inMemory(corpus));
});

test("other options need another folder", async () => {
  const folder = new TemporaryFolder();
  const corpus = writeShardCorpus(folder, 2, 20);
  const options = { input: corpus, output: folder.join("unique"), workers: 1 };
  await deduplicateShards(options);
  await expect(deduplicateShards({ ...options, near: { buckets: 20 } })).rejects.toThrow(
    "other parameters or other options",
  );
});
