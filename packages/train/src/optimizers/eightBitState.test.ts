// State in 8 bits, against torchao's AdamW8bit on the same gradients.
import {
  compile,
  dequantizeBlockwise,
  type Executor,
  onnxExecutor,
  referenceExecutor,
  type Tensor,
  tensor,
} from "@llm/tensor";
import { openSafetensors, type SafetensorsFile } from "@llm/tensor/safetensors";
import { tfjsExecutor } from "@llm/tensor/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parameterGroups } from "../parameterGroups.ts";
import { adamW } from "./adamw.ts";
import { eightBitState } from "./eightBitState.ts";
import { lion } from "./lion.ts";
import { mapNamed, type NamedTensors, type OptimizerState } from "./optimizer.ts";

const onnx = onnxExecutor({ thread: "main", threads: 1 });
const tfjs = tfjsExecutor({ runtime: "@tensorflow/tfjs-core" });
const executors: Record<string, Executor> = { reference: referenceExecutor(), onnx, tfjs };
const names = ["matrix", "small", "uneven"];
const steps = 10;
const saved = [1, 2, 5, 10];
let fixture: SafetensorsFile;

beforeAll(async () => {
  fixture = await openSafetensors(new URL("../__fixtures__/optimizers/eightBit.safetensors", import.meta.url).pathname);
});
afterAll(() => Promise.all([fixture.close(), onnx.dispose(), tfjs.dispose()]));

const numbers = async (name: string) => Array.from((await fixture.read(name)).data, Number);

interface State {
  parameters: NamedTensors;
  state: OptimizerState;
}

async function run(executor: Executor): Promise<{ after: Map<string, number[][]>; state: OptimizerState }> {
  const optimizer = eightBitState(adamW());
  const start: Record<string, Tensor> = {};
  for (const name of names) {
    const { shape } = await fixture.read(`start/${name}`);
    start[name] = tensor(Float32Array.from(await numbers(`start/${name}`)), { shape });
  }
  const step = compile(
    (state: State, gradients: NamedTensors, scalars: NamedTensors): State =>
      optimizer.update({ ...state, gradients: mapNamed(gradients, (gradient) => gradient.cast("float32")), scalars }),
    { executor, donate: [0] },
  );
  const gradients = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await fixture.read(`gradients/${name}`)).data] as const)),
  );
  const shapes = mapNamed(start, (parameter) => parameter);
  let state: State = { parameters: start, state: optimizer.initialState(start) };
  const after = new Map(names.map((name) => [name, [] as number[][]]));
  for (let i = 0; i < steps; i++) {
    const scalars = Object.entries(optimizer.scalars(i, 1e-2 * (1 - i / 25))).map(([k, v]) => [k, tensor(v)] as const);
    const ofStep = mapNamed(shapes, ({ shape }, name) => {
      const size = gradients[name]!.length / steps;
      const data = gradients[name]!.slice(i * size, (i + 1) * size);
      return tensor(data, { dtype: "float16", shape: shape as readonly number[] });
    });
    state = await step(state, ofStep, Object.fromEntries(scalars));
    if (!saved.includes(i + 1)) continue;
    for (const name of names) after.get(name)!.push(Array.from(await state.parameters[name]!.data(), Number));
  }
  step.dispose();
  return { after, state: state.state };
}

/** How many numbers lie further apart than `tolerance`. */
function apart(ours: readonly number[], theirs: readonly number[], tolerance: number): number {
  return ours.filter((value, i) => !(Math.abs(value - theirs[i]!) <= tolerance)).length;
}

it.each(["signed", "unsigned"] as const)("has torchao's %s levels", async (levels) => {
  const codes = tensor(Uint8Array.from({ length: 256 }, (_, i) => i));
  const ours = await dequantizeBlockwise({ codes, scales: tensor(new Float32Array([1])) }, levels).data();
  expect(apart(Array.from(ours, Number), await numbers(`levels/${levels}`), 1e-7)).toBe(0);
});

describe.each(Object.keys(executors))("on the %s executor", (executor) => {
  it("gives torchao's parameters, codes and scales", async () => {
    const { after, state } = await run(executors[executor]!);
    for (const [name, ours] of after) {
      const theirs = await numbers(`after/${name}`);
      const size = theirs.length / saved.length;
      for (const [i, values] of ours.entries()) {
        // Where a sum rounds to the other side of two levels, one code in some thousands is its neighbour.
        expect(apart(values, theirs.slice(i * size, (i + 1) * size), 2e-6), `${name}, ${saved[i]}`).toBeLessThan(8);
      }
    }
    for (const kind of ["firstMoment", "secondMoment"]) {
      expect(state[kind]!.matrix!.dtype).toBe("uint8");
      const [codes, scales] = [state[kind]!.matrix!, state[`${kind}Scales`]!.matrix!];
      const ours = Array.from(await codes.data(), Number);
      const theirs = await numbers(`${kind}/codes`);
      expect(apart(ours, theirs, 0)).toBeLessThan(8);
      expect(apart(ours, theirs, 1)).toBe(0);
      const largest = await numbers(`${kind}/scales`);
      for (const [i, value] of Array.from(await scales.data(), Number).entries())
        expect(value / largest[i]!).toBeCloseTo(1, 5);
    }
    expect(state.firstMoment!.small!.dtype).toBe("float32");
    expect(state.firstMoment!.uneven!.dtype).toBe("float32");
  });
});

it("works beside other optimisers, and says how its state is kept", () => {
  const parameters = { a: tensor(new Float32Array(4096)), b: tensor(new Float32Array(4096)) };
  const groups = parameterGroups([{ parameters: /a/, optimizer: eightBitState(lion()) }, { optimizer: adamW() }]);
  const state = groups.initialState(parameters);
  expect(state.momentum!.a!.dtype).toBe("uint8");
  expect(state.momentumScales!.a!.shape).toEqual([16]);
  expect(state.firstMoment!.b!.dtype).toBe("float32");
  expect(eightBitState(lion()).settings(parameters)).toMatchObject({ stateBits: 8, minimumSize: 4096 });
  expect(() => eightBitState(lion(), { minimumSize: -1 })).toThrow(
    "eightBitState: minimumSize must be at least 0 and below Infinity, got -1",
  );
});
