// Entry of the worker thread: answers requests one after another.
import { parentPort } from "node:worker_threads";
import type { HostArray } from "../../storage.ts";
import type { Reply, Request } from "./protocol.ts";
import { OnnxRuntime } from "./runtime.ts";

const port = parentPort!;
let runtime: OnnxRuntime | undefined;
let queue: Promise<void> = Promise.resolve();

port.on("message", ({ id, request }: { id: number; request: Request }) => {
  queue = queue.then(async () => {
    let reply: Reply;
    try {
      runtime ??= new OnnxRuntime();
      reply = { id, result: await runtime.handle(request) };
    } catch (error) {
      reply = { id, error: (error as Error).message };
    }
    port.postMessage(reply, transferable(reply));
  });
});

/** Elements that were copied out of the runtime for this reply move without another copy. */
function transferable({ result }: Reply): ArrayBuffer[] {
  const data = (result as Partial<HostArray> | undefined)?.data;
  return data ? [data.buffer as ArrayBuffer] : [];
}
