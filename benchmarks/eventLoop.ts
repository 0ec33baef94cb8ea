// How free the event loop stays while a compiled program keeps every core busy: how late a 50 ms timer fires.
import { compile, onnxExecutor, type Tensor, tensor } from "@llm/tensor";

const size = 1024;
const interval = 50;
const firings = 100;

/** Milliseconds beyond the interval, for each firing of the timer, while `work` goes on. */
async function lateness(work: () => Promise<unknown>): Promise<number[]> {
  const late: number[] = [];
  let running = true;
  const busy = (async () => {
    while (running) await work();
  })();
  for (let i = 0; i < firings; i++) {
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, interval));
    late.push(performance.now() - start - interval);
  }
  running = false;
  await busy;
  return late.sort((a, b) => a - b);
}

/** Prints how late the timer fires when idle, with the executor in its own thread, and with it in this thread. */
export async function run(): Promise<void> {
  const matrix = tensor(new Float32Array(size * size).fill(1 / size), { shape: [size, size] });
  console.log(`A ${interval} ms timer beside a loop of four ${size}×${size} matrix products: milliseconds late`);
  const row = (name: string, late: readonly number[]) => {
    const at = (share: number) => late[Math.min(late.length - 1, Math.floor(share * late.length))]!.toFixed(1);
    console.log(`${name.padEnd(24)} median ${at(0.5)}  99% ${at(0.99)}  most ${at(1)}`);
  };
  row("idle", await lateness(() => new Promise((resolve) => setTimeout(resolve, 10))));
  for (const thread of ["worker", "main"] as const) {
    const executor = onnxExecutor({ thread });
    const product = compile((x: Tensor) => x.matmul(x).matmul(x).matmul(x).matmul(x), { executor });
    (await product(matrix)).dispose();
    row(`executor in ${thread}`, await lateness(async () => (await product(matrix)).dispose()));
    await executor.dispose();
  }
}
