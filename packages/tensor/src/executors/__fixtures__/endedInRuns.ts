// Executors disposed, and at last the process ended, while their threads are in the middle of runs. Prints how many were disposed.
import { compile } from "../../compile.ts";
import "../../fluent.ts";
import type { Tensor } from "../../graph.ts";
import { tensor } from "../../ops/create.ts";
import { onnxExecutor } from "../onnx.ts";

/** Runs one product after another until its executor is gone. */
async function working() {
  const executor = onnxExecutor({ threads: 1 });
  const square = compile((x: Tensor) => x.matmul(x), { executor });
  const x = tensor(new Float32Array(200 * 200), { shape: [200, 200] });
  await square(x);
  const untilTheEnd = async () => {
    for (;;) await square(x);
  };
  untilTheEnd().catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 10));
  return executor;
}

let disposed = 0;
for (; disposed < 8; disposed++) await (await working()).dispose();
await working();
process.stdout.write(`${disposed}\n`);
process.exit(7);
