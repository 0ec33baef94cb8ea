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
import type { Precision } from "../src/mixedPrecision.ts";
import { tensor } from "../src/ops/create.ts";
import { elementwiseCases } from "../src/ops/elementwise.cases.ts";
import { gatherCases } from "../src/ops/gather.cases.ts";
import { matmul } from "../src/ops/matmul.ts";
import { movementCases } from "../src/ops/movement.cases.ts";
import { orderCases } from "../src/ops/order.cases.ts";
import { reduceCases } from "../src/ops/reduce.cases.ts";
import { optimize } from "../src/optimize.ts";
import type { HostArray } from "../src/storage.ts";
import { checkExecutor, runProgram } from "../src/testing/checkOp.ts";
import type { OpCase, OpCases } from "../src/testing/opCase.ts";
import { build, recipes } from "./randomPrograms.ts";
import { expectation, holds, legal, requireNear, slopes } from "./randomProperties.ts";
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

/** What a device without 16-bit shaders says. Its cases of other dtypes count. */
const lacksHalf = /requires f16 but the device does not support it/;

async function forEachCase(cases: readonly OpCase[], check: (sample: OpCase) => Promise<void>): Promise<void> {
  const failures: string[] = [];
  for (const sample of cases) {
    try {
      await check(sample);
    } catch (error) {
      if (lacksHalf.test((error as Error).message)) continue;
      failures.push(`${sample.name}: ${(error as Error).message}`);
    }
  }
  expect(failures).toEqual([]);
}

/** WGSL leaves open what becomes of infinities and NaN, and what the sine of a large number is. */
const isDefined = ({ name }: OpCase) => name !== "special values";

/** Devices may be off by 2^-11 in a sine, which weights the gradients of every case, and more where they round to 16 bits. */
function asOnDevices(sample: OpCase): OpCase {
  const isHalf = ({ dtype }: { dtype: string }) => dtype === "float16" || dtype === "bfloat16";
  const error = sample.inputs.some(isHalf) || /float16/.test(sample.name) ? 0.03 : 2e-3;
  return { ...sample, tolerance: { relative: error, absolute: error } };
}

interface Trained {
  readonly losses: readonly number[];
  readonly tokens: readonly number[];
  /** The buffer of a small parameter. */
  readonly shift: DeviceBuffer | HostArray;
}

/** Twelve steps of the GPT. */
async function train(on: Executor, precision: Precision = "float32"): Promise<Trained> {
  const step = compile(trainingStep, { executor: on, donate: [0], check: true });
  let state = initialState();
  const losses: number[] = [];
  for (let i = 0; i < 12; i++) {
    const result = await step(state, tensor(tokenBatch(4, i), { shape: [4, tokensPerRow] }), precision);
    state = result.state;
    losses.push(await result.loss.item());
  }
  const { tokens, last } = state.parameters;
  const shift = await last.shift.storage!.forExecutor(on);
  return { losses, tokens: Array.from(await tokens.data(), Number), shift };
}

describe.skipIf(!webgpu.available)(title, () => {
  it.each(Object.keys(allCases))("%s", (name) =>
    forEachCase(allCases[name]!.filter(isDefined), (sample) => checkExecutor(asOnDevices(sample), executor)),
  );

  it("gives the numbers of random programs, and their gradients", { timeout: 240_000 }, () =>
    holds(
      1,
      60,
      async (recipe) => {
        const { inputs, outputs, arrays } = build(recipe);
        const program = optimize(legal(inputs, [...outputs, ...slopes(inputs, outputs)]));
        requireNear("webgpu", await runProgram(program, arrays, executor), await expectation(program, arrays, 5e-3));
      },
      // Where something is empty, some programs are refused.
      recipes.filter(({ inputs, named }) => named === 0 && inputs.every(({ shape }) => !shape.includes(0))),
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

  it.for(["bfloat16", "float16"] as const)(
    "trains it in %s as closely as its precision allows",
    async (precision, { skip }) => {
      const cpu = onnxExecutor({ threads: 1 });
      const expected = await train(cpu);
      await cpu.dispose();
      const actual = await train(executor, precision).catch((error: Error) => {
        if (!lacksHalf.test(error.message)) throw error;
        return skip("the device has no 16-bit shaders");
      });
      for (const [i, loss] of expected.losses.entries())
        expect(Math.abs(actual.losses[i]! / loss - 1)).toBeLessThan(0.01);
    },
  );

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

  it("frees results after the function that made them", async () => {
    const double = compile((x: Tensor) => x.mul(2), { executor });
    const result = await double(tensor(new Float32Array(2 ** 20).fill(3), { shape: [2 ** 20] }));
    double.dispose();
    expect((await result.data())[5]).toBe(6);
    // Its memory is the session's: without it, this ended the process.
    result.dispose();
    const again = await compile((x: Tensor) => x.add(1), { executor })(tensor([1, 2]));
    expect([...(await again.data())]).toEqual([2, 3]);
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
