// The quantised matrix product against the float32 one, through the same public API and executor: linear layers of GPT-2's
// sizes, several different ones in one program so that the cost of a call does not hide them. Both alternate in each round.
import { quantizeInt8 } from "@llm/compress";
import { type CausalLanguageModel, Linear, type LinearLayer } from "@llm/model";
import { compile, hostRandomNormal, onnxExecutor, type Tensor, tensor } from "@llm/tensor";
import { describeMachine } from "./machine.ts";
import { median } from "./median.ts";

const shapes = [
  [768, 768],
  [768, 3072],
  [3072, 768],
] as const;
const rowCounts = [1, 16, 512];
const layersInOneProgram = 8;
const rounds = 15;

/** Runs the benchmark and prints one line for each shape and number of rows. */
export async function run(): Promise<void> {
  const executor = onnxExecutor();
  const sumOfLayers = (layers: readonly LinearLayer[], x: Tensor) =>
    layers
      .map((layer) => layer.forward(x))
      .reduce((a, b) => a.add(b))
      .sum();
  const forward = compile(sumOfLayers, { executor });
  console.log(`${describeMachine()}; medians of ${rounds} rounds, GFLOP/s`);
  console.log("in × out      rows   float32      int8   int8 / float32");
  for (const [inputs, outputs] of shapes) {
    const float = { layers: Array.from({ length: layersInOneProgram }, (_, i) => linear(i, inputs, outputs)) };
    const int8 = await quantizeInt8(float as unknown as CausalLanguageModel & typeof float);
    for (const rows of rowCounts) {
      const x = tensor(hostRandomNormal(0, "x", rows * inputs, 1), { shape: [rows, inputs] });
      const [floatTime, int8Time] = await alternate([() => forward(float.layers, x), () => forward(int8.layers, x)]);
      const gigaflops = (seconds: number) => (2e-9 * rows * inputs * outputs * layersInOneProgram) / seconds;
      const speeds = [floatTime!, int8Time!].map((seconds) => gigaflops(seconds).toFixed(1).padStart(9));
      const label = `${inputs} × ${outputs}`.padEnd(12);
      console.log(`${label} ${String(rows).padStart(5)} ${speeds.join(" ")}   ${(floatTime! / int8Time!).toFixed(2)}`);
    }
  }
  forward.dispose();
  await executor.dispose();
}

function linear(seed: number, inputs: number, outputs: number): Linear {
  const weight = tensor(hostRandomNormal(seed, "weight", inputs * outputs, 0.02), { shape: [inputs, outputs] });
  return new Linear(weight, tensor(new Float32Array(outputs)));
}

/** Median seconds of each task; they take turns. */
async function alternate(tasks: readonly (() => Promise<Tensor>)[]): Promise<number[]> {
  const seconds = tasks.map((): number[] => []);
  for (let round = -2; round < rounds; round++) {
    for (const [i, task] of tasks.entries()) {
      const start = performance.now();
      using result = await task();
      await result.item();
      if (round >= 0) seconds[i]!.push((performance.now() - start) / 1000);
    }
  }
  return seconds.map(median);
}
