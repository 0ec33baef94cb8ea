// Entry of the worker thread: answers requests one after another.
import { parentPort, workerData } from "node:worker_threads";
import type { HostArray } from "../../storage.ts";
import type { Reply, Request } from "./protocol.ts";
import { OnnxRuntime } from "./runtime.ts";
import { WorkerFlags } from "./workerFlags.ts";

const port = parentPort!;
let runtime: OnnxRuntime | undefined;
const flags = new WorkerFlags(workerData as SharedArrayBuffer);
let queue: Promise<void> = Promise.resolve();

/** A message without a request only wakes the thread, for it to see that it is to end. */
port.on("message", (message: { id: number; request: Request } | undefined) => {
  queue = queue.then(async () => {
    if (!flags.begin()) process.exit();
    if (!message) return flags.end();
    const { id, request } = message;
    let reply: Reply;
    try {
      runtime ??= new OnnxRuntime();
      reply = { id, result: await runtime.handle(request) };
    } catch (error) {
      reply = { id, error: (error as Error).message };
    }
    flags.end();
    port.postMessage(reply, transferable(reply));
  });
});

/** Elements that were copied out of the runtime for this reply move without another copy. */
function transferable({ result }: Reply): ArrayBuffer[] {
  const data = (result as Partial<HostArray> | undefined)?.data;
  return data ? [data.buffer as ArrayBuffer] : [];
}
