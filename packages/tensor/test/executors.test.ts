// Every op × its cases × every executor, forward and backward, and every gradient against finite differences.
import { afterAll, describe, expect, it } from "vitest";
import type { Executor } from "../src/executors/executor.ts";
import { onnxExecutor } from "../src/executors/onnx.ts";
import { tfjsExecutor } from "../src/executors/tfjs.ts";
import { functionalCases } from "../src/functional/functional.cases.ts";
import { fusedCases } from "../src/fused/fused.cases.ts";
import { topologicalOrder } from "../src/graph.ts";
import { placeholder } from "../src/ops/create.ts";
import { elementwiseCases } from "../src/ops/elementwise.cases.ts";
import { gatherCases } from "../src/ops/gather.cases.ts";
import { fusedOps, primitiveOps } from "../src/ops/index.ts";
import { movementCases } from "../src/ops/movement.cases.ts";
import { orderCases } from "../src/ops/order.cases.ts";
import { reduceCases } from "../src/ops/reduce.cases.ts";
import { checkComposition, checkExecutor, checkGradient, checkSecondOrder } from "../src/testing/checkOp.ts";
import type { OpCase, OpCases } from "../src/testing/opCase.ts";

const opCases: OpCases = {
  ...elementwiseCases,
  ...movementCases,
  ...reduceCases,
  ...gatherCases,
  ...orderCases,
  ...fusedCases,
};
const allCases: OpCases = { ...opCases, ...functionalCases };
const ops = [...primitiveOps, ...fusedOps];

/** A difference vanishes in their rounding: their gradient is that of the op without it. */
const roundingOps = ["cast", "quantizedMatmul"];

// In this thread: the worker's messages are tested once, not with every op.
const executors: Executor[] = [
  onnxExecutor({ thread: "main", threads: 1 }),
  tfjsExecutor({ runtime: "@tensorflow/tfjs-core" }),
];

afterAll(() => Promise.all(executors.map((executor) => executor.dispose())));

/** Runs `check` on every case and reports all that fail, by name. */
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

describe.each(executors)("on $name as on the reference", (executor) => {
  it.each(Object.keys(allCases))("%s", (name) =>
    forEachCase(allCases[name]!, (sample) => checkExecutor(sample, executor)),
  );
});

describe("gradient against finite differences", () => {
  it.each(Object.keys(allCases))("%s", (name) => forEachCase(allCases[name]!, checkGradient));
});

describe("second order against finite differences", () => {
  it.each(Object.keys(allCases))("%s", (name) => forEachCase(allCases[name]!, checkSecondOrder));
});

describe("fused op against its composition", () => {
  it.each(Object.keys(fusedCases))("%s", (name) => forEachCase(fusedCases[name]!, checkComposition));
});

describe("completeness", () => {
  const opsOf = ({ inputs, apply }: OpCase) => {
    const result = apply(
      ...inputs.map(({ dtype, shape, recordedShape }, i) => placeholder(`x${i}`, dtype, recordedShape ?? shape)),
    );
    return topologicalOrder(Array.isArray(result) ? result : [result]).map(({ op }) => op);
  };
  it.each(ops)("$name has cases that apply it", (op) => {
    const cases = opCases[op.name] ?? [];
    expect(cases.length).toBeGreaterThan(0);
    expect(cases.flatMap(opsOf)).toContain(op);
  });

  it.each(ops.filter(({ vjp }) => vjp !== "zero"))("$name has a case that checks its gradient", ({ name }) => {
    const checks = ({ inputs, exactGradient }: OpCase) =>
      inputs.some(
        ({ dtype, differentiable, data }) => dtype === "float32" && differentiable !== false && data.length > 0,
      ) &&
      (exactGradient !== false || roundingOps.includes(name));
    expect(opCases[name]!.filter(checks).length).toBeGreaterThan(0);
  });
});
