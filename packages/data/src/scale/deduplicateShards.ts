// Deduplication over all shards: signatures in threads, one search for all of them in DuckDB, removal in threads.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import { Minhasher, type MinhashOptions } from "../filters/minhash.ts";
import { loadDuckdb } from "./duckdb.ts";
import { type DuplicateSummary, readSummary } from "./duplicateFiles.ts";
import { findDuplicates } from "./findDuplicates.ts";
import { readMarker, shardName } from "./shardMarker.ts";
import { digestOf, makePlan, type ShardPlan } from "./shardPlan.ts";
import { runShards, type ShardRunOptions, type ShardStatus, shardStatus } from "./shardRun.ts";
import type { RemoveParameters, SignParameters } from "./shardTasks.ts";

/** The parts of a deduplication, in their order. */
export type DeduplicationStage = "sign" | "find" | "remove";

/** Options of `deduplicateShards`. */
export interface DeduplicateShardsOptions extends ShardRunOptions {
  /** Files of documents, such as the `documents` folder of `processShards`. Each file becomes a shard. */
  readonly input: string | readonly string[];
  /** Drop documents whose text came before, in this or an earlier shard. Default true. */
  readonly exact?: boolean;
  /** Drop near-duplicates by MinHash among the rest, with these options; `false`: do not. Default: those of `Minhasher`. */
  readonly near?: MinhashOptions | false;
  /**
   * Run one part alone, for several machines: `"sign"` by every rank, then `"find"` once, then `"remove"` by every rank.
   * Default: all three in this process.
   */
  readonly stage?: DeduplicationStage;
  /** Most memory of the search, in MiB; it goes to disk beyond. Default 1024. */
  readonly searchMemory?: number;
}

/** What `deduplicateShards` did: the status of the removal, once there is one, and what the search found. */
export interface ShardDeduplication {
  readonly status: ShardStatus;
  /** Undefined before the search has run. */
  readonly duplicates?: DuplicateSummary;
}

/**
 * Removes duplicates over all shards: what is dropped is exactly what `deduplicate()` and then `findNearDuplicates` drop from
 * all documents in one process, whatever the number of shards, threads and machines. Writes `documents/`, `dropped/` and markers
 * as `processShards`, besides `signatures/` (1 KB a document, which may be deleted afterwards) and `duplicates/`. It can be
 * killed and started again anywhere. Memory: that of a thread, and of the search `searchMemory` with 16 bytes for each
 * document that has a near-duplicate.
 *
 * Needs the package `@duckdb/node-api`.
 *
 * @throws DataError as `processShards` does; for "find" before all shards are signed; where DuckDB is not installed.
 * @example
 * await processShards({ input: "crawl/", output: "clean", module: "cleaning.ts" });
 * const { duplicates } = await deduplicateShards({ input: "clean/documents", output: "unique" });
 */
export async function deduplicateShards(options: DeduplicateShardsOptions): Promise<ShardDeduplication> {
  const { input, output, exact = true, stage } = options;
  const near = options.near === false ? undefined : (options.near ?? {});
  // Bad options are refused before any work.
  const bands = near ? new Minhasher(near).buckets : 0;
  // Not found out after hours of signing.
  if (stage === undefined || stage === "find") await loadDuckdb();
  const plan = await makePlan({ input, readOptions: {}, settings: { exact, near } });
  const signatures = join(output, "signatures");
  const duplicates = join(output, "duplicates");
  let status: ShardStatus | undefined;
  if (stage === undefined || stage === "sign") {
    const parameters: SignParameters = { near };
    status = await runShards(plan, { task: "sign", parameters }, { ...options, output: signatures });
    if (stage === "sign" || status.missing.length > 0) return { status };
  }
  if (stage === undefined || stage === "find") {
    await find({ plan, signatures, duplicates, exact, bands, options });
    if (stage === "find") return { status: await shardStatus(signatures), duplicates: await readSummary(duplicates) };
  }
  const found = await readSummary(duplicates);
  const parameters: RemoveParameters = { duplicates };
  const removal = await makePlan({ input, readOptions: {}, settings: { exact, near, signatures: found.signatures } });
  return { status: await runShards(removal, { task: "remove", parameters }, options), duplicates: found };
}

interface FindWork {
  readonly plan: ShardPlan;
  readonly signatures: string;
  readonly duplicates: string;
  readonly exact: boolean;
  readonly bands: number;
  readonly options: DeduplicateShardsOptions;
}

/** The search, unless it has been made over these very signatures. */
async function find({ plan, signatures, duplicates, exact, bands, options }: FindWork): Promise<void> {
  const digests: string[] = [];
  for (const shard of plan.shards.keys()) {
    const marker = await readMarker(signatures, shard);
    if (!marker) {
      throw new DataError(
        `deduplicateShards: shard ${shard} is not signed yet (run the stage "sign" by every rank to its end, then "find")`,
      );
    }
    digests.push(marker.files[0]!.sha256);
  }
  const identity = digestOf({ digests, exact, bands });
  const before = await readSummary(duplicates).catch(() => undefined);
  if (before?.signatures === identity) return;
  await findDuplicates({
    files: [...plan.shards.keys()].map((shard) => join(signatures, `${shardName(shard)}.parquet`)),
    folder: duplicates,
    exact,
    bands,
    signatures: identity,
    threads: options.workers ?? availableParallelism(),
    memory: options.searchMemory ?? 1024,
  });
}
