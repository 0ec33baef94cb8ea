// A run over the shards of a folder: the plan is stored or compared, shards that are whole are passed over, the rest goes to threads.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import type { PipelineReport } from "../pipeline.ts";
import type { ReadProgress } from "../sources/readOptions.ts";
import { mergeReports } from "./mergeReports.ts";
import type { ShardJob, ShardProgress } from "./shardJob.ts";
import { digestFile, readFailure, readMarker, type ShardFailure, type ShardMarker } from "./shardMarker.ts";
import { readPlan, type ShardPlan, storePlan } from "./shardPlan.ts";
import { checkPoolOptions, runJobs } from "./workerPool.ts";
import { checkRank, rankFromEnvironment, type WorkerRank } from "./workerRank.ts";

/** Options of every run over shards. */
export interface ShardRunOptions {
  /** Folder of the results; made where missing. A run with the same options goes on where an earlier one stopped. */
  readonly output: string;
  /** Worker threads. Default: as many as the machine runs at once. */
  readonly workers?: number;
  /** Which process this is: it takes the shards `rank`, `rank + worldSize`, …. Default: `rankFromEnvironment()`. */
  readonly rank?: WorkerRank;
  /** How often a shard is tried again after its thread died or the disk or network failed. Default 1. Bad input is not tried again. */
  readonly retries?: number;
  /**
   * What a shard that cannot be finished means: with `"stop"` no further shard begins and the run throws, with `"skip"` the
   * others are worked on and the failure is in the status. Default `"stop"`.
   */
  readonly onFailure?: "stop" | "skip";
  /** Largest JavaScript heap of a thread in MiB. Default: as Node chooses. A thread above it dies alone. */
  readonly workerMemory?: number;
  readonly onProgress?: (progress: ShardRunProgress) => void;
  /** Ends the threads; what they had begun is lost, what was finished stays. */
  readonly signal?: AbortSignal;
}

/** How far this process is with the shards it had to do. */
export interface ShardRunProgress extends ReadProgress {
  readonly documents: number;
  readonly shardsDone: number;
  readonly shardCount: number;
}

/** What is in an output folder, of all processes. */
export interface ShardStatus {
  readonly shardCount: number;
  /** Shards that are not finished, ascending. */
  readonly missing: readonly number[];
  /** Why shards among the missing failed when they were last tried. */
  readonly failures: readonly ShardFailure[];
  /** The reports of the finished shards, added up. */
  readonly report: PipelineReport;
}

/** Works on the shards of `plan` that are this process's and not finished. */
export async function runShards(
  plan: ShardPlan,
  work: Pick<ShardJob, "task" | "module" | "parameters">,
  options: ShardRunOptions,
): Promise<ShardStatus> {
  const { output, workers = availableParallelism(), retries = 1, onFailure = "stop", workerMemory, signal } = options;
  checkPoolOptions({ workers, retries, workerMemory });
  const { rank, worldSize } = checkRank(options.rank ?? rankFromEnvironment());
  signal?.throwIfAborted();
  await storePlan(output, plan);
  const jobs: ShardJob[] = [];
  for (const [shard, files] of plan.shards.entries()) {
    if (shard % worldSize !== rank || (await readMarker(output, shard))) continue;
    jobs.push({ ...work, shard, inputs: files.map(({ path }) => path), folder: output });
  }
  const progress = new RunProgress(plan, jobs, options.onProgress);
  const failures = await runJobs(jobs, {
    workers,
    retries,
    onFailure,
    workerMemory,
    signal,
    onProgress: (shard, at) => progress.update(shard, at),
    onDone: (shard, documents) => progress.finish(shard, documents),
  });
  if (onFailure === "stop" && failures.length > 0) {
    throw new DataError(
      `${failures.map(({ shard, message }) => `shard ${shard}: ${message}`).join("\n")}\n(finished shards are kept: run again to go on, or set onFailure: "skip" to leave out what fails)`,
    );
  }
  return shardStatus(output);
}

/**
 * What a folder that `processShards` writes holds so far, from the markers on disk.
 * @throws FileError where the folder has no plan.
 */
export async function shardStatus(folder: string): Promise<ShardStatus> {
  const { shards } = await readPlan(folder);
  const missing: number[] = [];
  const failures: ShardFailure[] = [];
  const reports: PipelineReport[] = [];
  for (const shard of shards.keys()) {
    const marker = await readMarker(folder, shard);
    if (marker) {
      reports.push(marker.report);
      continue;
    }
    missing.push(shard);
    const failure = await readFailure(folder, shard);
    if (failure) failures.push(failure);
  }
  return { shardCount: shards.length, missing, failures, report: mergeReports(reports) };
}

/**
 * Reads every file of the finished shards and returns those whose SHA-256 is not the one they were written with.
 * @throws FileError where the folder has no plan.
 */
export async function verifyShards(folder: string): Promise<string[]> {
  const { shards } = await readPlan(folder);
  const damaged: string[] = [];
  for (const shard of shards.keys()) {
    const marker: ShardMarker | undefined = await readMarker(folder, shard);
    for (const { file, sha256 } of marker?.files ?? []) {
      if ((await digestFile(join(folder, file))).sha256 !== sha256) damaged.push(file);
    }
  }
  return damaged;
}

/** Adds up the progress of shards that are worked on side by side. */
class RunProgress {
  readonly #sizes: ReadonlyMap<number, number>;
  readonly #running = new Map<number, { bytesRead: number; documents: number }>();
  readonly #tell: ((progress: ShardRunProgress) => void) | undefined;
  readonly #totalBytes: number;
  #done = 0;

  constructor(plan: ShardPlan, jobs: readonly ShardJob[], tell: ((progress: ShardRunProgress) => void) | undefined) {
    const sizeOf = (shard: number) => plan.shards[shard]!.reduce((sum, { size = 0 }) => sum + size, 0);
    this.#sizes = new Map(jobs.map(({ shard }) => [shard, sizeOf(shard)]));
    this.#totalBytes = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    this.#tell = tell;
    this.#report();
  }

  update(shard: number, { bytesRead, documents }: ShardProgress): void {
    this.#running.set(shard, { bytesRead, documents });
    this.#report();
  }

  finish(shard: number, documents: number): void {
    this.#done += 1;
    this.#running.set(shard, { bytesRead: this.#sizes.get(shard)!, documents });
    this.#report();
  }

  #report(): void {
    let bytesRead = 0;
    let documents = 0;
    for (const at of this.#running.values()) {
      bytesRead += at.bytesRead;
      documents += at.documents;
    }
    const { size: shardCount } = this.#sizes;
    this.#tell?.({ bytesRead, totalBytes: this.#totalBytes, documents, shardsDone: this.#done, shardCount });
  }
}
