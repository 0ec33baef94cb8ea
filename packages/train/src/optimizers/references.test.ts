// Twenty steps of every optimiser on given gradients, against PyTorch (Lion: against its published algorithm).
import { readFile } from "node:fs/promises";
import { compile, type Executor, onnxExecutor, referenceExecutor, type Tensor, tensor } from "@llm/tensor";
import { openSafetensors, type SafetensorsFile } from "@llm/tensor/safetensors";
import { tfjsExecutor } from "@llm/tensor/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { movedAverage, shareTaken } from "../ema.ts";
import { parameterGroups } from "../parameterGroups.ts";
import { adafactor } from "./adafactor.ts";
import { adamW } from "./adamw.ts";
import { lion } from "./lion.ts";
import { muon } from "./muon.ts";
import { mapNamed, type NamedTensors, type Optimizer, type OptimizerState } from "./optimizer.ts";
import { sgd } from "./sgd.ts";
import { zerosLike } from "./zeros.ts";

const optimizers: Record<string, Optimizer> = {
  adamw: adamW(),
  adamwGroups: parameterGroups([
    { parameters: /tall/, optimizer: adamW({ weightDecay: 0 }), learningRateScale: 0.1 },
    { optimizer: adamW({ beta1: 0.8, beta2: 0.999, weightDecay: 0.3, decays: () => true }) },
  ]),
  sgd: sgd(),
  sgdMomentum: sgd({ momentum: 0.9, weightDecay: 0.05 }),
  sgdDampening: sgd({ momentum: 0.8, dampening: 0.3 }),
  sgdNesterov: sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.05 }),
  lion: lion({ weightDecay: 0.5 }),
  adafactor: adafactor(),
  adafactorDecay: adafactor({ beta2Decay: -0.6, clipThreshold: 1.5, weightDecay: 0.1 }),
  muonOriginal: muon({ adjustLearningRate: "original" }),
  muonMatched: muon(),
  muonPlain: muon({ adjustLearningRate: "original", nesterov: false, momentum: 0.8 }),
};

const fixture = new URL("../__fixtures__/optimizers/", import.meta.url).pathname;
const onnx = onnxExecutor({ thread: "main", threads: 1 });
const tfjs = tfjsExecutor({ runtime: "@tensorflow/tfjs-core" });
const executors: Record<string, Executor> = { reference: referenceExecutor(), onnx, tfjs };
let given: SafetensorsFile;
let expected: SafetensorsFile;
let cases: { saved: number[]; learningRates: Record<string, number[]> };

beforeAll(async () => {
  given = await openSafetensors(`${fixture}gradients.safetensors`);
  expected = await openSafetensors(`${fixture}expected.safetensors`);
  cases = JSON.parse(await readFile(`${fixture}cases.json`, "utf8"));
});
afterAll(async () => {
  await Promise.all([given.close(), expected.close(), onnx.dispose(), tfjs.dispose()]);
});

async function read(file: SafetensorsFile, name: string): Promise<{ shape: readonly number[]; data: Float32Array }> {
  const { shape, data } = await file.read(name);
  return { shape, data: data as Float32Array };
}

interface State {
  parameters: NamedTensors;
  state: OptimizerState;
  average: NamedTensors;
}

/** The parameters, or their average, after each saved step, by name. */
async function run(
  name: string,
  executor: Executor,
  what: "parameters" | "average" = "parameters",
): Promise<Map<string, Float32Array[]>> {
  const optimizer = optimizers[name]!;
  const names = given.names.flatMap((key) => (key.startsWith("start/") ? [key.slice(6)] : []));
  const start: Record<string, Tensor> = {};
  const gradients: Record<string, { shape: readonly number[]; data: Float32Array }> = {};
  for (const key of names) {
    const { shape, data } = await read(given, `start/${key}`);
    start[key] = tensor(data, { shape });
    gradients[key] = await read(given, `gradients/${key}`);
  }
  const step = compile(
    ({ average, ...state }: State, gradients: NamedTensors, scalars: NamedTensors, taken: Tensor): State => {
      const updated = optimizer.update({ ...state, gradients, scalars });
      return { ...updated, average: movedAverage(average, updated.parameters, taken) };
    },
    { executor, donate: [0] },
  );
  const average = mapNamed(start, zerosLike);
  let state: State = { parameters: start, state: optimizer.initialState(start), average };
  const saved = new Map(names.map((key) => [key, [] as Float32Array[]]));
  for (const [i, rate] of cases.learningRates[name]!.entries()) {
    const scalars = Object.entries(optimizer.scalars(i, rate)).map(([key, value]) => [key, tensor(value)] as const);
    const ofStep = mapNamed(start, (parameter, key) => {
      const { data, shape } = gradients[key]!;
      const size = data.length / shape[0]!;
      return tensor(data.slice(i * size, (i + 1) * size), { shape: parameter.shape as readonly number[] });
    });
    const taken = tensor(shareTaken(i, { decay: 0.8, warmup: false }));
    state = await step(state, ofStep, Object.fromEntries(scalars), taken);
    if (!cases.saved.includes(i + 1)) continue;
    for (const key of names) saved.get(key)!.push(((await state[what][key]!.data()) as Float32Array).slice());
  }
  step.dispose();
  return saved;
}

async function expectEqual(saved: Map<string, Float32Array[]>, name: string, tolerance: number): Promise<void> {
  for (const [key, steps] of saved) {
    if (!expected.has(`${name}/${key}`)) continue;
    const { data } = await read(expected, `${name}/${key}`);
    const size = data.length / steps.length;
    for (const [i, ours] of steps.entries()) {
      const theirs = data.subarray(i * size, (i + 1) * size);
      const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      for (const [j, value] of ours.entries()) {
        const difference = Math.abs(value - theirs[j]!) / largest;
        expect(difference, `${key}[${j}] after ${cases.saved[i]} steps`).toBeLessThan(tolerance);
      }
    }
  }
}

describe.each(Object.keys(executors))("on the %s executor", (executor) => {
  it.each(Object.keys(optimizers))("%s gives PyTorch's parameters", async (name) => {
    await expectEqual(await run(name, executors[executor]!), name, 1e-5);
  });

  it("the moving average is that of torch.optim.swa_utils", async () => {
    await expectEqual(await run("adamw", executors[executor]!, "average"), "average", 1e-5);
  });
});

it("has a case for every reference", () => {
  expect(Object.keys(cases.learningRates)).toEqual(Object.keys(optimizers));
});

it.each(["muonOriginal", "muonMatched", "muonPlain"])("%s stays near PyTorch's bfloat16 steps", async (name) => {
  await expectEqual(await run(name, executors.reference!), `${name}Bfloat16`, 0.02);
});
