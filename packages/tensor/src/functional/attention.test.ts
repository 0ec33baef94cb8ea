import { afterAll, describe, expect, it } from "vitest";
import "../fluent.ts";
import { compile } from "../compile.ts";
import { onnxExecutor } from "../executors/onnx.ts";
import { attendInBlocks } from "../fused/attendInBlocks.ts";
import { valueAndGrad } from "../grad.ts";
import type { Tensor } from "../graph.ts";
import { type Precision, withPrecision } from "../mixedPrecision.ts";
import { placeholder, tensor } from "../ops/create.ts";
import { programMemory } from "../programMemory.ts";
import { hostRandomUniform, RandomKey } from "../random.ts";
import { randomTensor } from "../testing/randomTensor.ts";
import { type AttentionOptions, attention } from "./attention.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
afterAll(() => executor.dispose());

type Sizes = readonly [batch: readonly number[], queries: number, keys: number];

/** Query [..., T, 8]; key and value [..., S, 8], where `shared` with one head for all query heads. */
function inputs([batch, queries, keys]: Sizes, shared = false): Tensor[] {
  const lead = shared ? [...batch.slice(0, -1), 1] : batch;
  return [
    randomTensor("query", [...batch, queries, 8]),
    randomTensor("key", [...lead, keys, 8]),
    randomTensor("value", [...lead, keys, 8]),
  ];
}

/** The mixed values and the gradients of a weighted sum of them. */
async function run(
  given: readonly Tensor[],
  attend: (q: Tensor, k: Tensor, v: Tensor) => Tensor,
  precision: Precision = "float32",
): Promise<Float32Array[]> {
  using step = compile(
    withPrecision((parameters: readonly Tensor[]) => {
      const [[, mixed], gradients] = valueAndGrad(([q, k, v]: readonly Tensor[]): [Tensor, Tensor] => {
        const mixed = attend(q!, k!, v!);
        return [mixed.mul(mixed.add(1).sin()).sum(), mixed];
      })(parameters);
      return [mixed, ...gradients];
    }, precision),
    { executor },
  );
  const results = await step(given);
  return Promise.all(results.map(async (result) => (await result.data()) as Float32Array));
}

/** The largest difference of any number, as a share of the largest number. */
function difference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  expect(a.map(({ length }) => length)).toEqual(b.map(({ length }) => length));
  const shares = a.map((values, k) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return values.reduce((most, value, i) => Math.max(most, Math.abs(value - b[k]![i]!)), 0) / largest;
  });
  return Math.max(...shares);
}

/** bool [batch, 1, 1, S]: all but the last keys of the second sequence. */
const padding = (keys: number) =>
  tensor(
    Uint8Array.from({ length: 2 * keys }, (_, i) => (i < 2 * keys - 70 ? 1 : 0)),
    { dtype: "bool", shape: [2, 1, 1, keys] },
  );
const scattered = (queries: number) =>
  tensor(
    Uint8Array.from(hostRandomUniform(3, "mask", queries * queries), (x, i) =>
      x > 0 || i % (queries + 1) === 0 ? 1 : 0,
    ),
    { dtype: "bool", shape: [queries, queries] },
  );

describe("attention in blocks against all at once", () => {
  it.each<[string, Sizes, AttentionOptions, boolean?]>([
    ["causal", [[2, 2], 300, 300], { causal: true }],
    ["causal over a longer past", [[2], 270, 400], { causal: true }],
    ["a window", [[2], 300, 300], { causal: true, window: 50 }],
    ["a window longer than a block", [[2], 400, 430], { causal: true, window: 170 }],
    ["padding", [[2, 2], 260, 260], { mask: padding(260), blockSize: 100 }],
    ["causal and padding", [[2, 2], 260, 260], { causal: true, mask: padding(260) }],
    ["a mask for each query", [[2, 2], 260, 260], { causal: true, mask: scattered(260) }],
    ["keys shared by groups of heads", [[2, 3], 300, 300], { causal: true }, true],
    ["blocks of one", [[], 9, 9], { causal: true, blockSize: 1 }],
  ])("%s", async (_, sizes, options, shared) => {
    const given = inputs(sizes, shared);
    const plain = await run(given, (q, k, v) =>
      attention(q, k, v, { ...options, blockSize: Number.POSITIVE_INFINITY }),
    );
    const blocks = await run(given, (q, k, v) => attention(q, k, v, { blockSize: 128, ...options }));
    expect(difference(blocks, plain)).toBeGreaterThan(0);
    expect(difference(blocks, plain)).toBeLessThan(1e-5);
    const { blockSize = 128, causal = false, ...others } = options;
    const recomputed = await run(given, (q, k, v) =>
      attendInBlocks(q.mul(1 / Math.sqrt(8)), k, v, { blockSize, causal, recompute: true, ...others }),
    );
    expect(difference(recomputed, plain)).toBeLessThan(1e-5);
  });

  it("drops the same weights in the backward, and about as many as asked", async () => {
    const [query, key] = inputs([[2], 300, 300]);
    // Each value is 1, so that a query's result is the sum of the weights it kept.
    const ones = tensor(new Float32Array(2 * 300).fill(1), { shape: [2, 300, 1] });
    const options = { causal: true, dropoutRate: 0.25, key: RandomKey.from(5), blockSize: 128 };
    const [mixed] = await run([query!, key!, ones], (q, k, v) => attention(q, k, v, options));
    expect(mixed!.reduce((sum, value) => sum + value, 0) / mixed!.length).toBeCloseTo(1, 1);
    expect(new Set(mixed).size).toBeGreaterThan(500);
    const kept = await run([query!, key!, ones], (q, k, v) => attention(q, k, v, options));
    expect(difference(kept.slice(0, 1), [mixed!])).toBe(0);
  });
});

it.each(["bfloat16", "float16"] as const)("runs in %s, recomputed in the backward", async (precision) => {
  const given = inputs([[2, 2], 200, 200]);
  const attend = (q: Tensor, k: Tensor, v: Tensor) =>
    attendInBlocks(q.mul(0.35), k, v, { blockSize: 64, causal: true, recompute: true });
  const low = await run(given, attend, precision);
  expect(difference(low, await run(given, attend))).toBeGreaterThan(1e-5);
  expect(difference(low, await run(given, attend))).toBeLessThan(precision === "float16" ? 0.01 : 0.05);
});

describe("memory", () => {
  const peak = (length: number, options: AttentionOptions) => {
    const shape = [1, 2, length, 16];
    const stands = ["query", "key", "value"].map((name) => placeholder(name, "float32", shape));
    const step = compile((given: readonly Tensor[]) =>
      valueAndGrad(([q, k, v]: readonly Tensor[]) => attention(q!, k!, v!, options).square().sum())(given),
    );
    return programMemory(step.program(stands)).peak;
  };

  it("grows with the length, and without blocks with its square", () => {
    expect(peak(8192, { causal: true }) / peak(2048, { causal: true })).toBeLessThan(4.5);
    const whole = { causal: true, blockSize: Number.POSITIVE_INFINITY };
    expect(peak(8192, whole) / peak(2048, whole)).toBeGreaterThan(15);
    expect(peak(8192, { causal: true })).toBeLessThan(peak(8192, whole) / 20);
  });

  it("does not grow with the length beside what goes in and out, where a window is seen", () => {
    const beside = (length: number) => peak(length, { causal: true, window: 200 }) / length;
    expect(beside(16_384) / beside(4096)).toBeLessThan(1.1);
  });
});

describe("bad options", () => {
  const [query, key, value] = inputs([[2], 4, 4]) as [Tensor, Tensor, Tensor];
  it.each<[AttentionOptions, string]>([
    [{ window: 3 }, "attention: the window needs causal attention"],
    [{ causal: true, window: 0 }, "attention: the window must be a whole number above 0, got 0"],
    [{ blockSize: 0 }, "attention: blockSize must be a whole number above 0, or Infinity, got 0"],
    [
      { blockSize: 2, mask: tensor(new Uint8Array(12).fill(1), { dtype: "bool", shape: [3, 4] }) },
      "attention: shapes do not broadcast: [2,4,4] and [3,4] (4 != 3)",
    ],
    [
      { blockSize: 2, bias: tensor(1) },
      "attention: blocks of 2 queries cannot have a bias (leave out one of blockSize and bias)",
    ],
    [{ bias: tensor([1, 2, 3]) }, "attention: shapes do not broadcast: [2,4,4] and [3] (4 != 3)"],
    [{ blockSize: 2, mask: query }, "attention: the mask must be bool, got float32[2,4,8]"],
  ])("refuses %o", (options, text) => {
    expect(() => attention(query, key, value, options)).toThrow(text);
  });
});
