// The WebGPU provider: every op as on the reference, and a small GPT trained with its state on the device. Skipped where the machine
// has no device for it; `pnpm doctor` says what is missing.
import { afterAll, describe, expect, it } from "vitest";
import { compile } from "../src/compile.ts";
import type { DeviceBuffer, Executor } from "../src/executors/executor.ts";
import { onnxExecutor } from "../src/executors/onnx.ts";
import { functionalCases } from "../src/functional/functional.cases.ts";
import { fusedCases } from "../src/fused/fused.cases.ts";
import type { Tensor } from "../src/graph.ts";
import { listProviders } from "../src/inspectMachine.ts";
import { tensor } from "../src/ops/create.ts";
import { elementwiseCases } from "../src/ops/elementwise.cases.ts";
import { gatherCases } from "../src/ops/gather.cases.ts";
import { matmul } from "../src/ops/matmul.ts";
import { movementCases } from "../src/ops/movement.cases.ts";
import { orderCases } from "../src/ops/order.cases.ts";
import { reduceCases } from "../src/ops/reduce.cases.ts";
import type { HostArray } from "../src/storage.ts";
import { checkExecutor } from "../src/testing/checkOp.ts";
import type { OpCase, OpCases } from "../src/testing/opCase.ts";
import { initialState, tokenBatch, tokensPerRow, trainingStep } from "./smallGpt.ts";

const webgpu = (await listProviders()).find(({ name }) => name === "webgpu")!;
const title = webgpu.available ? "on webgpu" : `on webgpu (skipped: ${webgpu.reason})`;
const executor = onnxExecutor({ provider: "webgpu", thread: "main" });
afterAll(() => executor.dispose());

const allCases: OpCases = {
  ...elementwiseCases,
  ...movementCases,
  ...reduceCases,
  ...gatherCases,
  ...orderCases,
  ...fusedCases,
  ...functionalCases,
};

async function forEachCase(cases: readonly OpCase[], check: (sample: OpCase) => Promise<void>): Promise<void> {
  const failures: string[] = [];
  for (const sample of cases) {
    try {
      await check(sample);
    } catch (error) {
      failures.push(`${sample.name}: ${(error as Error).message}`);
    }
  }
  expect(failures).toEqual([]);
}

/** A shader's sine of a number so large is not that of a processor. */
const isSupported = (op: string, { name }: OpCase) => !(["sin", "cos"].includes(op) && name === "special values");

interface Trained {
  readonly losses: readonly number[];
  readonly tokens: readonly number[];
  /** The buffer of a small parameter. */
  readonly shift: DeviceBuffer | HostArray;
}

/** Twelve steps of the GPT. */
async function train(on: Executor): Promise<Trained> {
  const step = compile(trainingStep, { executor: on, donate: [0], check: true });
  let state = initialState();
  const losses: number[] = [];
  for (let i = 0; i < 12; i++) {
    const result = await step(state, tensor(tokenBatch(4, i), { shape: [4, tokensPerRow] }));
    state = result.state;
    losses.push(await result.loss.item());
  }
  const { tokens, last } = state.parameters;
  const shift = await last.shift.storage!.forExecutor(on);
  return { losses, tokens: Array.from(await tokens.data(), Number), shift };
}

describe.skipIf(!webgpu.available)(title, () => {
  it.each(Object.keys(allCases))("%s", (name) =>
    forEachCase(
      allCases[name]!.filter((sample) => isSupported(name, sample)),
      (sample) => checkExecutor(sample, executor),
    ),
  );

  it("trains a GPT as the CPU does, in a worker thread", async () => {
    const [device, cpu] = [onnxExecutor({ provider: "webgpu" }), onnxExecutor({ threads: 1 })];
    const [actual, expected] = [await train(device), await train(cpu)];
    await Promise.all([device.dispose(), cpu.dispose()]);
    // It is small enough to have come along with the run, had it been on the host.
    expect(actual.shift).toHaveProperty("data", undefined);
    expect(expected.losses.at(-1)).toBeLessThan(expected.losses[0]! - 0.3);
    for (const [i, loss] of expected.losses.entries()) expect(Math.abs(actual.losses[i]! - loss)).toBeLessThan(1e-3);
    expect(Math.max(...expected.tokens.map((x, i) => Math.abs(x - actual.tokens[i]!)))).toBeLessThan(5e-3);
  });

  it("refuses a product over an axis that is empty in this run, which would end the process", async () => {
    const product = compile((x: Tensor, y: Tensor) => matmul(x, y), {
      executor,
      dynamic: { "0": [2, "n"], "1": ["n", 3] },
    });
    const ofSize = (n: number) =>
      [
        [2, n],
        [n, 3],
      ].map((shape) => tensor(new Float32Array(shape[0]! * shape[1]!), { shape }));
    await expect(product(...(ofSize(0) as [Tensor, Tensor]))).rejects.toThrow(
      'matmul: on WebGPU every input needs elements, got float32[2,0] (use provider "cpu" for this program)',
    );
    expect((await product(...(ofSize(1) as [Tensor, Tensor]))).shape).toEqual([2, 3]);
  });

  it("frees what is given back", async () => {
    const grow = compile((x: Tensor) => x.add(1), { executor, donate: [0] });
    let x = tensor(new Float32Array(2 ** 20), { shape: [2 ** 20] });
    for (let i = 0; i < 20; i++) x = await grow(x);
    globalThis.gc!();
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 60; i++) x = await grow(x);
    expect((await x.data())[7]).toBe(80);
    x.dispose();
    // Sixty results of 4 MB; a software device keeps its memory in this process.
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
  });
});
