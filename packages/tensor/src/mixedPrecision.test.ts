import { describe, expect, it } from "vitest";
import { compile } from "./compile.ts";
import { isFloat } from "./dtype.ts";
import { onnxExecutor } from "./executors/onnx.ts";
import { referenceExecutor } from "./executors/reference.ts";
import "./fluent.ts";
import { attention } from "./functional/attention.ts";
import { layerNorm } from "./fused/norms.ts";
import { valueAndGrad } from "./grad.ts";
import type { Program, Tensor } from "./graph.ts";
import { type Precision, precisions, withPrecision } from "./mixedPrecision.ts";
import { tensor } from "./ops/create.ts";
import { fusedOps, primitiveOps } from "./ops/index.ts";
import { hostRandomNormal } from "./random.ts";

const executor = referenceExecutor();
const randomTensor = (place: string, ...shape: number[]) =>
  tensor(
    hostRandomNormal(
      1,
      place,
      shape.reduce((a, b) => a * b, 1),
    ),
    { shape },
  );

/** A block like a transformer's: attention over one head, a norm, a layer with a bias, a residual, a loss. */
function loss({ w, b, scale, shift }: Record<"w" | "b" | "scale" | "shift", Tensor>, x: Tensor): Tensor {
  const normalized = layerNorm(x, scale, shift);
  const mixed = attention(normalized, normalized, normalized, { causal: true });
  const hidden = mixed.matmul(w).add(b).gelu();
  return x.add(hidden).softmax().square().mean();
}

const parameters = () => ({
  w: randomTensor("w", 8, 8),
  b: randomTensor("b", 8),
  scale: randomTensor("scale", 8),
  shift: randomTensor("shift", 8),
});
const input = () => randomTensor("x", 2, 4, 8);

/** dtypes of the float inputs of each node of an op, as text. */
function dtypesOf(program: Program, name: string): string[] {
  const nodes = program.nodes.filter(({ op }) => op.name === name);
  return nodes.map(({ inputs, outputs }) => {
    const floats = (tensors: readonly Tensor[]) =>
      tensors
        .map(({ dtype }) => dtype)
        .filter(isFloat)
        .join(",");
    return `${floats(inputs)} -> ${floats(outputs)}`;
  });
}

describe("the policy", () => {
  it("is the record's, op by op", () => {
    const byPolicy: Record<string, string[]> = {};
    for (const { name, precision = "follow" } of [...primitiveOps, ...fusedOps]) {
      byPolicy[precision] = [...(byPolicy[precision] ?? []), name];
    }
    // Products gain most; what adds up many numbers or leaves the range of 16 bits loses most.
    expect(byPolicy.low).toEqual(["matmul"]);
    expect(byPolicy.rounded).toEqual(["softmax"]);
    const float32 = ["pow", "exp", "log", "sum", "cumulativeSum", "scatterAdd", "scatterElementsAdd"];
    const fused = ["logSoftmax", "layerNorm", "rmsNorm", "crossEntropyRows"];
    expect(byPolicy.float32).toEqual(expect.arrayContaining([...float32, ...fused]));
    expect(byPolicy.follow).toEqual(
      expect.arrayContaining(["add", "mul", "where", "gelu", "reshape", "concat", "gather"]),
    );
    expect(byPolicy.unchanged).toEqual(expect.arrayContaining(["cast", "after", "recomputed"]));
  });

  const program = (precision: Precision) =>
    compile(withPrecision(valueAndGrad(loss), precision), { executor, check: true }).program(parameters(), input());

  it.each(["float16", "bfloat16"] as const)("of %s: products in 16 bits, norms and sums in float32", (low) => {
    const lowered = program(low);
    expect(new Set(dtypesOf(lowered, "matmul"))).toEqual(new Set([`${low},${low} -> ${low}`]));
    expect(new Set(dtypesOf(lowered, "sum"))).toEqual(new Set(["float32 -> float32"]));
    expect(dtypesOf(lowered, "layerNorm")).toEqual(["float32,float32,float32 -> float32,float32,float32"]);
    expect(dtypesOf(lowered, "softmax")).toEqual(["float32 -> float32", "float32 -> float32"]);
    // The bias goes with the product it is added to, and so does what follows.
    expect(dtypesOf(lowered, "gelu")).toEqual([`${low} -> ${low}`]);
  });

  it("casts a tensor once, however many products read it", () => {
    const used = compile(
      withPrecision((x: Tensor, w: Tensor) => [x.matmul(w), x.matmul(w.transpose())], "bfloat16"),
      {
        executor,
      },
    ).program(randomTensor("x", 3, 3), randomTensor("w", 3, 3));
    const lowered = used.nodes.filter(
      ({ outputs }) => outputs[0]!.dtype === "bfloat16" && outputs[0]!.node.op.name === "cast",
    );
    expect(new Set(lowered.map(({ inputs }) => inputs[0])).size).toBe(lowered.length);
    expect(lowered.length).toBeLessThanOrEqual(3);
  });

  it("leaves dtypes of arguments and results alone, and what is not float32", () => {
    const fn = withPrecision(
      (x: Tensor, half: Tensor, ids: Tensor) => [x.matmul(x), half.mul(2), ids.add(1)],
      "float16",
    );
    const results = fn(randomTensor("x", 2, 2), tensor([1], { dtype: "bfloat16" }), tensor(new Int32Array(2)));
    expect(results.map(({ dtype }) => dtype)).toEqual(["float32", "bfloat16", "int32"]);
  });

  it("of float32 is the function itself", () => {
    expect(withPrecision(loss, "float32")).toBe(loss);
  });
});

describe.each([executor, onnxExecutor({ thread: "main", threads: 1 })])("on $name", (executor) => {
  it.each(precisions)("loss and gradients in %s are those of float32 to its rounding", async (precision) => {
    const gradientsIn = async (precision: Precision) => {
      const [value, found] = await compile(withPrecision(valueAndGrad(loss), precision), { executor })(
        parameters(),
        input(),
      );
      return {
        value: await value.item(),
        found: await Promise.all(Object.values(found).map((tensor) => tensor.data())),
      };
    };
    const [exact, lowered] = [await gradientsIn("float32"), await gradientsIn(precision)];
    // Units in the last place: 2^-11 and 2^-8; a few of them add up.
    const tolerance = { float32: 0, float16: 16 * 2 ** -11, bfloat16: 16 * 2 ** -8 }[precision];
    expect(Math.abs(lowered.value / exact.value - 1)).toBeLessThanOrEqual(tolerance);
    for (const [i, expected] of exact.found.entries()) {
      const numbers = Array.from(expected, Number);
      const size = Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0));
      const error = Math.sqrt(numbers.reduce((sum, x, k) => sum + (x - Number(lowered.found[i]![k])) ** 2, 0));
      expect(error / size).toBeLessThanOrEqual(tolerance);
      // The policy did something.
      if (precision !== "float32") expect(error).toBeGreaterThan(0);
    }
  });
});
