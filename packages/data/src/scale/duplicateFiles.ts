// The places of duplicates in each shard, as files between the search and the removal.
import { join } from "node:path";
import { writeFileAtomically } from "../atomicFile.ts";
import { readWholeFile } from "../wholeFile.ts";
import { shardName } from "./shardMarker.ts";

/** Places of documents in their shard, from 0 and ascending. */
export interface ShardDuplicates {
  /** Documents whose text came before. */
  readonly exact: readonly number[];
  /** Documents that nearly repeat another one. */
  readonly near: readonly number[];
}

/** What was found in all shards together. */
export interface DuplicateSummary {
  readonly documents: number;
  readonly exactDuplicates: number;
  readonly nearDuplicates: number;
  /** Groups of two or more near-duplicates. */
  readonly nearClusters: number;
  /** Which signatures this was found in. */
  readonly signatures: string;
}

export async function writeDuplicates(folder: string, shard: number, duplicates: ShardDuplicates): Promise<void> {
  await writeFileAtomically(join(folder, `${shardName(shard)}.json`), JSON.stringify(duplicates));
}

export async function readDuplicates(folder: string, shard: number): Promise<ShardDuplicates> {
  return JSON.parse((await readWholeFile(join(folder, `${shardName(shard)}.json`))).toString()) as ShardDuplicates;
}

/** Written last: it says that the files of all shards are there. */
export async function writeSummary(folder: string, summary: DuplicateSummary): Promise<void> {
  await writeFileAtomically(join(folder, "summary.json"), JSON.stringify(summary));
}

/** @throws FileError where the search has not ended. */
export async function readSummary(folder: string): Promise<DuplicateSummary> {
  return JSON.parse((await readWholeFile(join(folder, "summary.json"))).toString()) as DuplicateSummary;
}
