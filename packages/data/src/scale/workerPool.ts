// Runs shards in worker threads, one shard a thread at a time. A thread that dies takes its shard with it and no other one.
import { Worker } from "node:worker_threads";
import { DataError } from "../errors.ts";
import type { SourcePosition } from "../sources/reading.ts";
import type { ShardJob, ShardProgress, WorkerMessage } from "./shardJob.ts";
import { markFailed, type ShardFailure } from "./shardMarker.ts";

/** How `runJobs` works. */
export interface PoolOptions {
  /** Threads. */
  readonly workers: number;
  /** How often a shard is tried again after a fault that is not the input's. */
  readonly retries: number;
  /** What a shard that cannot be finished means for the others: none begins any more, or all are worked on. */
  readonly onFailure: "stop" | "skip";
  /** Largest heap of a thread in MiB. Undefined: as large as Node chooses. */
  readonly workerMemory?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: (shard: number, progress: ShardProgress) => void;
  readonly onDone: (shard: number, documents: number) => void;
}

/** How one attempt ended. */
type Outcome =
  | { readonly isDone: true; readonly documents: number }
  | { readonly isDone: false; readonly message: string; readonly mayRetry: boolean };

/**
 * Works on all jobs and returns the shards that could not be finished.
 * @throws the signal's reason, when all threads have ended.
 */
export async function runJobs(jobs: readonly ShardJob[], options: PoolOptions): Promise<ShardFailure[]> {
  const queue = [...jobs];
  const failures: ShardFailure[] = [];
  const stopped = () => options.signal?.aborted || (options.onFailure === "stop" && failures.length > 0);
  const serve = async (): Promise<void> => {
    await using thread = new ShardThread(options);
    for (let job = queue.shift(); job !== undefined && !stopped(); job = queue.shift()) {
      const failure = await runJob(job, thread, options);
      if (failure) {
        await markFailed(job.folder, failure);
        failures.push(failure);
      }
    }
  };
  const threads = Math.min(options.workers, jobs.length);
  await Promise.all(Array.from({ length: threads }, serve));
  options.signal?.throwIfAborted();
  return failures.sort((a, b) => a.shard - b.shard);
}

/** @throws the signal's reason, which is no fault of the shard. */
async function runJob(job: ShardJob, thread: ShardThread, options: PoolOptions): Promise<ShardFailure | undefined> {
  for (let attempts = 1; ; attempts++) {
    const outcome = await thread.run(job);
    options.signal?.throwIfAborted();
    if (outcome.isDone) {
      options.onDone(job.shard, outcome.documents);
      return undefined;
    }
    if (!outcome.mayRetry || attempts > options.retries)
      return { shard: job.shard, attempts, message: outcome.message };
  }
}

/** A thread that is started when the first shard comes, and again after it has died. */
class ShardThread {
  readonly #options: PoolOptions;
  #worker: Worker | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  run(job: ShardJob): Promise<Outcome> {
    const { signal, onProgress } = this.#options;
    const worker = this.#alive();
    return new Promise((resolve) => {
      let position: SourcePosition | undefined;
      const listeners = {
        message: (message: WorkerMessage) => {
          if (message.type === "done") return end({ isDone: true, documents: message.documents });
          if (message.type === "failed") return end(failed(message));
          position = message.progress.position;
          onProgress(job.shard, message.progress);
        },
        error: (error: Error) => die(`failed: ${error.message}`),
        exit: (code: number) => die(`ended with code ${code}`),
      };
      const abort = () => void worker.terminate();
      const end = (outcome: Outcome): void => {
        for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
        signal?.removeEventListener("abort", abort);
        resolve(outcome);
      };
      const die = (reason: string): void =>
        end({ isDone: false, message: `the worker thread ${reason}${placeOf(position)}`, mayRetry: true });
      for (const [event, listener] of Object.entries(listeners)) worker.on(event, listener);
      signal?.addEventListener("abort", abort);
      worker.postMessage(job);
      if (signal?.aborted) abort();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate();
  }

  #alive(): Worker {
    if (this.#worker) return this.#worker;
    const worker = startWorker(this.#options);
    this.#worker = worker;
    const forget = (): void => {
      if (this.#worker === worker) this.#worker = undefined;
    };
    // Between two shards as well: an error nobody listens to would end the process.
    worker.on("error", forget);
    worker.on("exit", forget);
    return worker;
  }
}

function failed({ message, position, isInputAtFault }: Extract<WorkerMessage, { type: "failed" }>): Outcome {
  // A fault of the input names its place itself.
  return { isDone: false, message: isInputAtFault ? message : message + placeOf(position), mayRetry: !isInputAtFault };
}

function startWorker({ workerMemory }: PoolOptions): Worker {
  // From the sources this file and the worker are TypeScript, in the published package both are bundles in one folder.
  const file = import.meta.url.endsWith(".ts") ? "./shardWorker.ts" : "./shardWorker.js";
  const resourceLimits = workerMemory === undefined ? {} : { maxOldGenerationSizeMb: workerMemory };
  return new Worker(new URL(file, import.meta.url), { name: "shard worker", resourceLimits });
}

/** Where the reading stood, in words. */
function placeOf(position: SourcePosition | undefined): string {
  if (position?.file === undefined) return "";
  const offset = position.checkpoint?.offset;
  const start = offset === undefined ? "" : ` from byte ${offset}`;
  return ` (while reading ${position.file}, after ${position.documents} documents${start})`;
}

/** @throws DataError for numbers that make no sense. */
export function checkPoolOptions(
  options: Readonly<Record<"workers" | "retries" | "workerMemory", number | undefined>>,
): void {
  const least = { workers: 1, retries: 0, workerMemory: 1 };
  for (const [name, value] of Object.entries(options)) {
    const minimum = least[name as keyof typeof least];
    if (value === undefined || (Number.isInteger(value) && value >= minimum)) continue;
    throw new DataError(`${name}: expected a whole number from ${minimum}, got ${value}`);
  }
}
