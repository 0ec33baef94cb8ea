// How requests reach the runtime: by messages to a worker thread, or directly in this thread.
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { ExecutionError } from "../../errors.ts";
import type { Reply, Request } from "./protocol.ts";
import { OnnxRuntime } from "./runtime.ts";
import { WorkerFlags, waitAtExit } from "./workerFlags.ts";

export interface Channel {
  /** The thread has ended by itself, and what it held is gone. */
  readonly broken: boolean;
  /** Requests are answered in the order in which they are sent. */
  send<T>(request: Request): Promise<T>;
  close(): Promise<void>;
}

const threadFile = new URL(import.meta.url.endsWith(".ts") ? "./onnxWorker.ts" : "./onnxWorker.js", import.meta.url);

/** Runs the runtime in a thread of its own, so that the event loop stays free. The thread starts at the first request. */
export function workerChannel(file = threadFile): Channel {
  let worker: Worker | undefined;
  let ended: Promise<void> | undefined;
  const flags = new WorkerFlags();
  let failure: ExecutionError | undefined;
  let nextId = 0;
  const pending = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();

  let broken = false;

  const lost = (reason: string) => {
    broken ||= failure === undefined;
    return `its thread ${reason}, the tensors that it held are lost (make a new executor to go on)`;
  };
  const fail = (reason: string, cause?: unknown) => {
    failure ??= new ExecutionError(`onnx executor: ${reason}`, { cause });
    for (const { reject } of pending.values()) reject(failure);
    pending.clear();
  };
  const start = () => {
    worker = new Worker(file, { name: "onnx executor", workerData: flags.buffer });
    const takeBack = waitAtExit(flags);
    ended = new Promise((resolve) => worker!.on("exit", () => resolve()));
    worker.on("message", ({ id, result, error }: Reply) => {
      const request = pending.get(id)!;
      pending.delete(id);
      // Once it is being ended, somebody waits for that and must not be left alone.
      if (pending.size === 0 && !failure) worker!.unref();
      if (error === undefined) request.resolve(result as never);
      else request.reject(new ExecutionError(error));
    });
    worker.on("error", (error) => {
      const isMissing = error.message.includes("Cannot find module") && error.message.includes(fileURLToPath(file));
      fail(isMissing ? missing(file) : lost(`failed: ${error.message}`), error);
    });
    worker.on("exit", (code) => {
      takeBack();
      fail(lost(`ended with code ${code}`));
    });
  };
  return {
    get broken() {
      return broken;
    },
    send: (request) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        if (!worker) start();
        // An idle thread does not keep the process alive, one at work does.
        if (pending.size === 0) worker!.ref();
        pending.set(nextId, { resolve, reject });
        worker!.postMessage({ id: nextId++, request }, movedBuffers(request));
      }),
    close: async () => {
      failure ??= new ExecutionError("onnx executor: it was disposed (make a new executor to go on)");
      // The thread ends after what it has begun; the rest of what is pending is rejected then.
      flags.stop();
      worker?.ref();
      worker?.postMessage(undefined);
      await ended;
    },
  };
}

function missing(url: URL): string {
  const advice =
    'leave @llm/tensor out of the bundle, as an external package, or take onnxExecutor({ thread: "main" })';
  return `the file of its thread, ${fileURLToPath(url)}, is not there, as in a program bundled into one file (${advice})`;
}

/** What goes with a request instead of being copied, as nobody needs it here any more; both may be gigabytes. */
function movedBuffers(request: Request): ArrayBuffer[] {
  if (request.kind === "session") return [request.request.model.buffer as ArrayBuffer];
  if (request.kind === "upload" && request.request.given) return [request.request.array.data.buffer as ArrayBuffer];
  return [];
}

/** Runs the runtime in this thread: simpler to profile, but the event loop stands still during a run. */
export function directChannel(): Channel {
  let runtime: OnnxRuntime | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let closed = false;
  return {
    broken: false,
    send: (request) => {
      const answer = queue.then(() => {
        if (closed) throw new ExecutionError("onnx executor: it was disposed (make a new executor to go on)");
        runtime ??= new OnnxRuntime();
        // As a message would: what the caller does to its array later must not reach the buffer.
        if (request.kind === "upload" && !request.request.given) {
          const { array } = request.request;
          const copy = { ...array, data: array.data.slice() };
          return runtime.handle({ kind: "upload", request: { ...request.request, array: copy } });
        }
        return runtime.handle(request);
      });
      queue = answer.catch(() => {});
      return answer as Promise<never>;
    },
    close: async () => {
      closed = true;
      await queue;
      await runtime?.close();
      runtime = undefined;
    },
  };
}
