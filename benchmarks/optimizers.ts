// What an update costs with each optimiser, beside nothing else: `pnpm bench optimizers [--layers 12] [--steps 5]`. Parameters and
// gradients have the shapes of GPT-2 (124M with 12 layers); the optimisers take turns.
import { parseArgs } from "node:util";
import { Gpt, gptPresets, namedParameters, parameterCount } from "@llm/model";
import { byteSize, compile, flattenTensors, hostRandomNormal, onnxExecutor, type Tensor, tensor } from "@llm/tensor";
import {
  adafactor,
  adamW,
  eightBitState,
  lion,
  muon,
  type NamedTensors,
  type Optimizer,
  type OptimizerState,
  sgd,
} from "@llm/train";
import { describeMachine } from "./machine.ts";
import { median } from "./median.ts";

const optimizers: Record<string, Optimizer> = {
  adamW: adamW(),
  "adamW, 8 bits": eightBitState(adamW()),
  adafactor: adafactor(),
  lion: lion(),
  "lion, 8 bits": eightBitState(lion()),
  "sgd, momentum": sgd({ momentum: 0.9 }),
  muon: muon(),
};

interface State {
  readonly parameters: NamedTensors;
  readonly state: OptimizerState;
}

const elements = ({ shape }: Tensor) => (shape as readonly number[]).reduce((a, b) => a * b, 1);

/** Milliseconds of each update. */
async function measure(optimizer: Optimizer, model: Gpt, steps: number) {
  const executor = onnxExecutor();
  const update = compile(
    (state: State, gradients: NamedTensors, scalars: NamedTensors, clip: Tensor) => {
      const clipped = Object.fromEntries(Object.entries(gradients).map(([name, value]) => [name, value.mul(clip)]));
      return optimizer.update({ ...state, gradients: clipped, scalars });
    },
    { executor, donate: [0] },
  );
  const like = (draw: (name: string, parameter: Tensor) => Tensor): NamedTensors =>
    Object.fromEntries([...namedParameters(model)].map(([name, parameter]) => [name, draw(name, parameter)]));
  const noise = (seed: number, size: number) =>
    like((name, parameter) => {
      const values = hostRandomNormal(seed, name, elements(parameter)).map((value) => value * size);
      return tensor(values, { shape: parameter.shape as readonly number[] });
    });
  const parameters = noise(1, 0.02);
  const gradients = noise(2, 1e-3);
  const initial = optimizer.initialState(parameters);
  const bytesOf = (state: Tensor) => elements(state) * byteSize(state.dtype);
  const stateBytes = flattenTensors(initial).reduce((total, { tensor }) => total + bytesOf(tensor), 0);
  let state: State = { parameters, state: initial };
  const times: number[] = [];
  for (let step = 0; step < steps + 2; step++) {
    const scalars = Object.entries(optimizer.scalars(step, 1e-4)).map(
      ([name, value]) => [name, tensor(value)] as const,
    );
    const start = performance.now();
    state = await update(state, gradients, Object.fromEntries(scalars), tensor(0.5));
    times.push(performance.now() - start);
  }
  await executor.dispose();
  return { times: times.slice(2), stateBytes };
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { layers: { type: "string", default: "12" }, steps: { type: "string", default: "5" } },
  });
  console.log(describeMachine());
  const model = new Gpt({ ...gptPresets.gpt2, vocabularySize: 50257, layers: Number(values.layers) });
  const count = parameterCount(model);
  console.log(
    `| ${(count / 1e6).toFixed(1)}M parameters | median ms/update | least ms/update | state, bytes per weight |`,
  );
  console.log("| --- | --- | --- | --- |");
  for (const [name, optimizer] of Object.entries(optimizers)) {
    const { times, stateBytes } = await measure(optimizer, model, Number(values.steps));
    const cells = [name, median(times).toFixed(0), Math.min(...times).toFixed(0), (stateBytes / count).toFixed(2)];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
