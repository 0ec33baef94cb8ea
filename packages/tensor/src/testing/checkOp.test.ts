// The checks must fail for ops that are wrong: each mistake here is one that a new op could make.
import { describe, expect, it } from "vitest";
import { ExecutionError } from "../errors.ts";
import type { Executor } from "../executors/executor.ts";
import { referenceExecutor } from "../executors/reference.ts";
import type { Tensor } from "../graph.ts";
import { tensor } from "../ops/create.ts";
import { add, cos, exp, mul, sin, sub } from "../ops/elementwise.ts";
import { type OpDefinition, record } from "../ops/op.ts";
import { checkComposition, checkExecutor, checkGradient, checkOp, checkSecondOrder } from "./checkOp.ts";
import { floats, integers, numbers, type OpCase, sample } from "./opCase.ts";
import { describeDifference, toBeAllclose } from "./toBeAllclose.ts";

const reference = referenceExecutor();

function sineLike(changes: Partial<OpDefinition> = {}): OpCase {
  const op: OpDefinition = {
    name: "sine",
    infer: ([x]) => x!,
    vjp: ({ gradient, inputs: [x] }) => [mul(gradient, cos(x!))],
    reference: ([x], [y]) => y!.set(x!.map(Math.sin)),
    ...changes,
  };
  return { name: "sine", inputs: [floats([5])], apply: (x) => record(op, [x!], {}) };
}

describe("checkOp", () => {
  it("passes an op that is right", async () => {
    await checkOp(sineLike(), { executor: reference });
    await checkSecondOrder(sineLike());
  });

  it("finds a wrong gradient", async () => {
    const wrong = sineLike({ vjp: ({ gradient, inputs: [x] }) => [mul(gradient, sin(x!))] });
    await expect(checkOp(wrong, { executor: reference })).rejects.toThrow(
      /^gradient of input 0 against finite differences: output 0: element 0 of float32\[5\]: expected -?[\d.]+, got -?[\d.]+$/,
    );
  });

  it("finds a gradient that is off by a thousandth", async () => {
    const near = sineLike({ vjp: ({ gradient, inputs: [x] }) => [mul(mul(gradient, cos(x!)), 1.001)] });
    await expect(checkGradient(near)).rejects.toThrow("finite differences");
  });

  it("finds a gradient that is right only once", async () => {
    // The rule is right in value, but what it returns has lost its own derivative.
    const quarter = Math.PI / 2;
    const flatCosine = (x: Tensor) => (sineLike({ vjp: "zero" }).apply(add(x, quarter)) as readonly Tensor[])[0]!;
    const once = sineLike({ vjp: ({ gradient, inputs: [x] }) => [mul(gradient, flatCosine(x!))] });
    await checkGradient(once);
    await expect(checkSecondOrder(once)).rejects.toThrow("finite differences");
  });

  it("finds an executor that computes something else", async () => {
    const wrong: Executor = {
      ...reference,
      name: "wrong",
      read: async (buffer) => {
        const array = await reference.read(buffer);
        return { ...array, data: (array.data as Float32Array).map((value) => value + 0.01) };
      },
    };
    await expect(checkExecutor(sineLike(), wrong)).rejects.toThrow("wrong: output 0: element 0 of float32[5]");
  });

  it("finds a fused op that differs from its composition", async () => {
    const fused: OpDefinition = { name: "fused", infer: ([x]) => x!, vjp: "zero", compose: ([x]) => exp(x!) };
    const right: OpDefinition = { ...fused, vjp: ({ gradient, outputs: [y] }) => [mul(gradient, y!)] };
    const wrong: OpDefinition = { ...fused, vjp: ({ gradient, inputs: [x] }) => [mul(gradient, x!)] };
    const caseOf = (op: OpDefinition): OpCase => ({
      name: "fused",
      inputs: [floats([3])],
      apply: (x) => record(op, [x!], {}),
    });
    await checkComposition(caseOf(right));
    await expect(checkComposition(caseOf(wrong))).rejects.toThrow("composition: output 1");
  });

  it("refuses a case that reads stored tensors", async () => {
    const stored = tensor([1, 2, 3, 4, 5]);
    const reading: OpCase = { ...sineLike(), apply: (x) => sub(x!, stored) };
    await expect(checkExecutor(reading, reference)).rejects.toThrow("checkOp: a case must take its tensors as inputs");
  });

  it("passes on what an executor reports", async () => {
    const failing: Executor = {
      ...reference,
      compile: async () => Promise.reject(new ExecutionError("no such kernel")),
    };
    await expect(checkExecutor(sineLike(), failing)).rejects.toThrow("no such kernel");
  });
});

describe("toBeAllclose", () => {
  const array = (...values: number[]) => numbers(values, [values.length]);

  it("allows what rounding does, and no more", () => {
    expect(toBeAllclose(array(1, 1e6), array(1 + 1e-6, 1e6 + 10)).pass).toBe(true);
    expect(toBeAllclose(array(1), array(1.001)).pass).toBe(false);
    expect(toBeAllclose(array(1), array(1.001), { relative: 0.01, absolute: 0 }).pass).toBe(true);
    expect(
      toBeAllclose(numbers([1], [1], { dtype: "float16" }), numbers([1.004], [1], { dtype: "float16" })).pass,
    ).toBe(true);
    expect(toBeAllclose(integers([3]), integers([3])).pass).toBe(true);
    expect(toBeAllclose(numbers([1], [1], { dtype: "int32" }), numbers([2], [1], { dtype: "int32" })).pass).toBe(false);
  });

  it("takes NaN and infinities by their kind", () => {
    const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0];
    expect(toBeAllclose(array(...special), array(...special)).pass).toBe(true);
    expect(toBeAllclose(array(Number.NaN), array(1)).pass).toBe(false);
    expect(toBeAllclose(array(1), array(Number.NaN)).pass).toBe(false);
    expect(toBeAllclose(array(Number.POSITIVE_INFINITY), array(Number.NEGATIVE_INFINITY)).pass).toBe(false);
    expect(toBeAllclose(array(3e38), array(Number.POSITIVE_INFINITY)).pass).toBe(false);
  });

  it("says what differs", () => {
    expect(describeDifference(array(1, 5), array(1, 2))).toBe("element 1 of float32[2]: expected 2, got 5");
    expect(describeDifference(array(1), integers([2]))).toBe("expected int32[2], got float32[1]");
    expect(toBeAllclose(array(1, 5), array(1, 2)).message()).toContain("element 1");
    expect(toBeAllclose(array(1), array(1)).message()).toContain("that differs from float32[1]");
  });

  it("is a matcher", () => {
    expect.extend({ toBeAllclose });
    const expectOne = () =>
      expect(array(1)) as unknown as {
        toBeAllclose(other: unknown): void;
        not: { toBeAllclose(other: unknown): void };
      };
    expectOne().toBeAllclose(array(1));
    expectOne().not.toBeAllclose(array(2));
    expect(() => expectOne().toBeAllclose(array(2))).toThrow("element 0 of float32[1]: expected 2, got 1");
  });
});

describe("samples", () => {
  it("are the same each time and within their range", () => {
    expect(floats([50]).data).toEqual(floats([50]).data);
    expect(floats([50], { seed: 2 }).data).not.toEqual(floats([50]).data);
    expect(Math.min(...(floats([500], { range: [3, 4] }).data as Float32Array))).toBeGreaterThanOrEqual(3);
    expect(new Set(integers([200], { range: [1, 3] }).data as Int32Array)).toEqual(new Set([1, 2, 3]));
    expect(sample("bool", [100]).data).toContain(1);
    expect(sample("bfloat16", [2]).dtype).toBe("bfloat16");
  });
});
