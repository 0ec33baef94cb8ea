// A worker thread: takes one shard after another from the process that started it.
import { parentPort } from "node:worker_threads";
import { FormatError, systemReason } from "../errors.ts";
import type { DocumentSource } from "../readDocuments.ts";
import type { ReadOptions } from "../sources/readOptions.ts";
import type { ShardJob, WorkerMessage } from "./shardJob.ts";
import { markDone } from "./shardMarker.ts";
import { shardTasks, sourceOpener } from "./shardTasks.ts";

const port = parentPort!;
const send = (message: WorkerMessage): void => port.postMessage(message);

/** Milliseconds between two messages of progress. */
const progressInterval = 100;

port.on("message", async (job: ShardJob) => {
  let current: (() => DocumentSource) | undefined;
  let last = Number.NEGATIVE_INFINITY;
  const watch = (source: () => DocumentSource, options: ReadOptions): ReadOptions => {
    current = source;
    return {
      ...options,
      onProgress: (progress) => {
        options.onProgress?.(progress);
        if (performance.now() - last < progressInterval) return;
        last = performance.now();
        const { documents } = source().report();
        send({ type: "progress", progress: { ...progress, documents, position: source().position() } });
      },
    };
  };
  try {
    const result = await shardTasks[job.task](job, sourceOpener(job, watch));
    await markDone(job.folder, job.shard, result);
    send({ type: "done", documents: result.report.in.documents });
  } catch (error) {
    const position = current?.().position();
    const isInputAtFault = error instanceof FormatError;
    send({ type: "failed", message: systemReason(error), isInputAtFault, ...(position ? { position } : {}) });
  }
});
