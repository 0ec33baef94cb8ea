// Counts the words of files in worker threads. Counts are sums, so neither the number of threads nor their order matters.
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { WordRules } from "./countTexts.ts";
import type { WorkerReply, WorkerRequest, WorkerSetup } from "./countWorker.ts";
import { FormatError, TokenizerError } from "./errors.ts";
import { planRanges } from "./fileRanges.ts";
import type { Pace } from "./trainingPace.ts";
import type { CountingProgress, TextFiles } from "./trainingTexts.ts";
import type { WordCounter } from "./trainWords.ts";

/** Large enough that starting a range costs nothing, small enough that threads end together. */
const rangeBytes = 1 << 23;

/**
 * Adds the words of all lines of the files to `words`.
 * @throws TokenizerError for a wrong number of workers, FormatError naming the file and byte of what is not UTF-8
 */
export async function countFiles<Progress>(
  where: string,
  { files, workers = availableParallelism() }: TextFiles,
  rules: WordRules,
  words: WordCounter,
  pace: Pace<Progress | CountingProgress>,
): Promise<CountingProgress> {
  if (!Number.isInteger(workers) || workers < 1) {
    throw new TokenizerError(`${where}: workers must be a whole number from 1, got ${workers}`);
  }
  const ranges = await planRanges(files, rangeBytes);
  const threads = Array.from({ length: Math.min(workers, ranges.length) }, () => startWorker({ rules }));
  let [texts, characters, next] = [0, 0, 0];
  const sizes = threads.map(() => ({ distinctWords: 0, memoryBytes: 0 }));
  let memoryBytes = 0;
  const state = (): CountingProgress => {
    const now = sizes.reduce((sum, size) => sum + size.memoryBytes, words.bytes);
    memoryBytes = Math.max(memoryBytes, now);
    const distinctWords = sizes.reduce((most, size) => Math.max(most, size.distinctWords), words.size);
    return { phase: "counting", texts, characters, distinctWords, memoryBytes };
  };
  try {
    await Promise.all(
      threads.map(async (thread, index) => {
        while (next < ranges.length) {
          const reply = await thread.ask({ range: ranges[next++]! });
          if (reply.kind !== "counted") continue;
          texts += reply.lines;
          characters += reply.characters;
          sizes[index] = reply;
          await pace.check(state);
        }
        const reply = await thread.ask({ finish: true });
        if (reply.kind === "words") words.addCounted(reply.words);
        sizes[index] = { distinctWords: 0, memoryBytes: 0 };
        await pace.check(state);
      }),
    );
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()));
  }
  return state();
}

interface Thread {
  ask(request: WorkerRequest): Promise<WorkerReply>;
  stop(): Promise<unknown>;
}

function startWorker(setup: WorkerSetup): Thread {
  const file = import.meta.url.endsWith(".ts") ? "./countWorker.ts" : "./countWorker.js";
  const worker = new Worker(new URL(file, import.meta.url), { name: "word counter", workerData: setup });
  let settle: { resolve(reply: WorkerReply): void; reject(error: Error): void } | undefined;
  worker.on("message", (reply: WorkerReply) => {
    if (reply.kind !== "failed") settle?.resolve(reply);
    else settle?.reject(reply.isFormat ? new FormatError(reply.message) : new TokenizerError(reply.message));
  });
  // Out of memory, for example; what it was asked fails with it, and so does what it is asked later.
  let failure: Error | undefined;
  worker.on("error", (error) => {
    failure = error;
    settle?.reject(error);
  });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        settle = { resolve, reject };
        worker.postMessage(request);
      }),
    stop: () => worker.terminate(),
  };
}
