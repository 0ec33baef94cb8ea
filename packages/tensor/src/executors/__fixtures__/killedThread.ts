// Run by onnx.test.ts: the thread of an executor ends in the middle of a run, as by a crash, and the process goes on.
import workerThreads from "node:worker_threads";
import { compile, onnxExecutor, type Tensor, tensor } from "../../index.ts";

const workers: InstanceType<typeof workerThreads.Worker>[] = [];
process.on("worker", (worker) => workers.push(worker));

const executor = onnxExecutor();
const step = compile((x: Tensor) => x.add(1).sum(), { executor });
await step(tensor([1]));
const message = (error: Error) => error.message;
const large = tensor(new Float32Array(10_000_000));
const pending = step(large).catch(message);
await workers[0]!.terminate();
process.stdout.write(`pending: ${await pending}\n`);
process.stdout.write(`later: ${await step(tensor([1])).catch(message)}\n`);
const again = compile((x: Tensor) => x.add(1).sum(), { executor: onnxExecutor() });
process.stdout.write(`new: ${await (await again(tensor([0, 1]))).item()}\n`);
