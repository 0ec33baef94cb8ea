// Bad input: every message names what was expected, what came, and the line of the code that asked for it.
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { compile } from "./compile.ts";
import { DTypeError, ShapeError, TensorError } from "./errors.ts";
import { onnxExecutor } from "./executors/onnx.ts";
import "./fluent.ts";
import { attention } from "./functional/attention.ts";
import { squeeze, stack, unsqueeze } from "./functional/axes.ts";
import { tril } from "./functional/create.ts";
import { dropout } from "./functional/dropout.ts";
import { einsum } from "./functional/einsum.ts";
import { embedding } from "./functional/embedding.ts";
import { any } from "./functional/logic.ts";
import { crossEntropy } from "./functional/losses.ts";
import { mean, variance } from "./functional/statistics.ts";
import { layerNorm } from "./fused/norms.ts";
import { dequantizeBlockwise, quantizeBlockwise } from "./fused/quantizeBlockwise.ts";
import { quantizedMatmul } from "./fused/quantizedMatmul.ts";
import { scan } from "./fused/scan.ts";
import { softmax } from "./fused/softmax.ts";
import { gradients, valueAndGrad } from "./grad.ts";
import type { Tensor } from "./graph.ts";
import { withPrecision } from "./mixedPrecision.ts";
import { broadcastTo } from "./ops/broadcast.ts";
import { constant, iota, placeholder, tensor } from "./ops/create.ts";
import { add, logicalNot, shiftRight, where } from "./ops/elementwise.ts";
import { gather, gatherElements, scatterAdd, scatterElementsAdd, updateSlice } from "./ops/gather.ts";
import { matmul } from "./ops/matmul.ts";
import { concat, pad, reshape, slice, transpose } from "./ops/movement.ts";
import { argMax, max, topK } from "./ops/reduce.ts";
import { RandomKey } from "./random.ts";
import { flattenTensors } from "./tree.ts";

const a = placeholder("a", "float32", [2, 3]);
const b = placeholder("b", "float32", [4, 5]);
const ids = placeholder("ids", "int32", [4]);
const flags = placeholder("flags", "bool", [2, 3]);
const bytes = placeholder("bytes", "int8", [3, 5]);
const empty = placeholder("empty", "float32", [0, 3]);
const scalar = placeholder("scalar", "float32", []);
const named = placeholder("named", "float32", ["batch", "width"]);

const cases: [string, () => unknown, string][] = [
  ["matmul, inner sizes", () => matmul(a, b), "matmul: inner dimensions differ: [2,3] × [4,5] (3 != 4)"],
  ["matmul, transposed", () => matmul(a, b, { transposeB: true }), "[2,3] × [4,5]ᵀ (3 != 5)"],
  [
    "matmul, vector",
    () => matmul(a, ids.cast("float32")),
    "matmul: both tensors need at least two axes: [2,3] × [4] (reshape first)",
  ],
  ["matmul, integers", () => matmul(bytes, bytes), "matmul: expected a float tensor, got int8 (cast it first)"],
  [
    "matmul, dtypes",
    () => matmul(a, a.cast("float16")),
    "matmul: dtypes differ: float32[2,3] × float16[2,3] (cast one of them)",
  ],
  ["add, shapes", () => add(a, b), "add: shapes do not broadcast: [2,3] and [4,5] (2 != 4)"],
  ["add, dtypes", () => add(a, a.cast("int32")), "add: dtypes differ: float32[2,3] and int32[2,3] (cast one of them)"],
  ["add, bool", () => add(flags, flags), "add: expected numbers, got bool (cast it first)"],
  [
    "add, names",
    () => add(named, placeholder("n", "float32", ["rows", "width"])),
    "add: shapes do not broadcast: [batch,width] and [rows,width] (batch != rows)",
  ],
  ["exp of integers", () => ids.exp(), "exp: expected a float tensor, got int32 (cast it first)"],
  ["logicalNot of numbers", () => logicalNot(a), "logicalNot: expected bool, got float32 (compare or cast it first)"],
  ["shiftRight", () => shiftRight(ids, 1), "shiftRight: expected uint32, got int32 (cast it first)"],
  ["where without bool", () => where(a, a, a), "where: expected bool, got float32"],
  ["reshape", () => reshape(a, [4, 2]), "reshape: [2,3] has 6 elements, [4,2] has 8"],
  ["reshape, unknown size", () => reshape(a, [4, -1]), "reshape: [2,3] does not divide into [4,-1]"],
  ["reshape, two unknown sizes", () => reshape(a, [-1, -1]), "is not a whole number >= 0"],
  ["transpose", () => transpose(a, [0, 0]), "transpose: [0,0] is not an order of the axes of float32[2,3]"],
  ["transpose of a vector", () => transpose(ids), "transpose: int32[4] has no two axes to exchange"],
  ["slice", () => slice(a, 1, 2, 4), "slice: 2 to 4 is outside axis 1 of [2,3]"],
  ["slice backwards", () => slice(a, 1, 2, 1), "slice: 2 to 1 is outside axis 1 of [2,3]"],
  ["axis", () => slice(a, 2, 0, 1), "slice: axis 2 is outside a tensor of 2 axes (use -2 to 1)"],
  ["pad", () => pad(a, 0, -1, 0), "pad: -1 before and 0 after: neither may be negative (use slice)"],
  ["concat of nothing", () => concat([]), "concat: expected at least one tensor, got none"],
  ["concat", () => concat([a, b]), "concat: shapes differ outside axis 0: [2,3] and [4,5]"],
  ["broadcastTo", () => broadcastTo(a, [3]), "broadcastTo: [2,3] does not broadcast to [3]"],
  ["max of nothing", () => max(empty, 0), "max: axis 0 of [0,3] is empty, so it has no largest element"],
  ["argMax of nothing", () => argMax(empty, 0), "argMax: axis 0 of [0,3] is empty"],
  ["mean of nothing", () => mean(empty), "mean: there is nothing to average in [0,3]"],
  ["topK", () => topK(a, 4), "topK: k must be 1 to 3 along axis 1 of [2,3], got 4"],
  ["sum of bool", () => flags.sum(), "sum: expected numbers, got bool (cast it first)"],
  ["gather, float indices", () => gather(a, a), "gather: indices must be int32, got float32[2,3]"],
  ["gather from a scalar", () => gather(scalar, ids), "gather: axis 0 is outside a tensor of 0 axes"],
  [
    "scatterAdd",
    () => scatterAdd(ids, a, 3),
    "scatterAdd: updates must begin with the shape of the indices: [4], got [2,3]",
  ],
  [
    "gatherElements",
    () => gatherElements(a, placeholder("i", "int32", [1, 1])),
    "gatherElements: shapes differ outside axis 1: [2,3] and [1,1]",
  ],
  [
    "scatterElementsAdd",
    () => scatterElementsAdd(ids, scalar, { axis: 0, size: 2 }),
    "scatterElementsAdd: indices and updates differ: [4] and []",
  ],
  ["updateSlice, start", () => updateSlice(a, a, ids, 0), "updateSlice: start must be a scalar, got int32[4]"],
  [
    "updateSlice, shapes",
    () => updateSlice(a, b, constant(0, "int32"), 0),
    "updateSlice: shapes differ outside axis 0: [2,3] and [4,5]",
  ],
  ["embedding", () => embedding(ids, ids), "embedding: expected a table [vocabulary, width], got int32[4]"],
  ["softmax of a scalar", () => softmax(scalar), "softmax: expected at least one axis, got float32[]"],
  [
    "layerNorm",
    () => layerNorm(a, b, b),
    "layerNorm: weight and bias must have the size of the last axis: expected [3], got [4,5]",
  ],
  [
    "layerNorm, named",
    () => layerNorm(named, a, a),
    "layerNorm: the last axis must have a known size, got [batch,width]",
  ],
  [
    "crossEntropy, shapes",
    () => crossEntropy(a, ids),
    "crossEntropy: targets must have the shape of the logits without the last axis: [2,3] and [4]",
  ],
  [
    "crossEntropy, dtypes",
    () => crossEntropy(b, ids.cast("float32")),
    "crossEntropy: targets must be int32, got float32[4] (cast them first)",
  ],
  ["attention mask", () => attention(a, a, a, { mask: a }), "attention: the mask must be bool, got float32[2,3]"],
  [
    "attention, named head",
    () => attention(named, named, named),
    "attention: the head size must be known, got [batch,width]",
  ],
  ["dropout", () => dropout(a, 1, RandomKey.from(0)), "dropout: the rate must be at least 0 and below 1, got 1"],
  [
    "quantizeBlockwise, size",
    () => quantizeBlockwise(a, "signed"),
    "quantizeBlockwise: the number of elements must be known and a multiple of 256, got shape [2,3] (pad it, or keep it as float32)",
  ],
  [
    "quantizeBlockwise, dtype",
    () => quantizeBlockwise(ids, "signed"),
    "quantizeBlockwise: expected float32, got int32[4] (cast it first)",
  ],
  [
    "dequantizeBlockwise, scales",
    () => dequantizeBlockwise({ codes: tensor(new Uint8Array(512)), scales: tensor(new Float32Array(3)) }, "signed"),
    "dequantizeBlockwise: codes [512] need 2 scales, one for each 256 elements, got [3]",
  ],
  [
    "dequantizeBlockwise, codes",
    () => dequantizeBlockwise({ codes: a, scales: a }, "signed"),
    "dequantizeBlockwise: expected uint8 codes and float32 scales, got float32[2,3] and float32[2,3]",
  ],
  [
    "quantizedMatmul, weight",
    () => quantizedMatmul(a, a, scalar),
    "quantizedMatmul: the weight must be int8 [in, out], got float32[2,3]",
  ],
  [
    "quantizedMatmul, scale",
    () => quantizedMatmul(a, bytes, a),
    "quantizedMatmul: expected x [..., in], weight [in, out], scale [out], got [2,3], [3,5], [2,3]",
  ],
  [
    "quantizedMatmul, scale dtype",
    () => quantizedMatmul(a, bytes, ids),
    "quantizedMatmul: the scale must be float32 as x is, got int32[4]",
  ],
  ["iota", () => iota(-1), "iota: size -1 in shape [-1] is not a whole number >= 0"],
  [
    "gradient of many numbers",
    () => gradients(a, [a]),
    "gradients: expected a scalar to differentiate, got float32[2,3] (sum or average it first)",
  ],
  ["gradient of integers", () => gradients(ids.sum(), [a]), "gradients: expected float tensors, got int32[]"],
  ["gradient for integers", () => gradients(a.sum(), [ids]), "gradients: expected float tensors, got int32[4]"],
  ["tensor, ragged", () => tensor([[1, 2], [3]]), "tensor: nested arrays differ in length: 1 != 2"],
  ["tensor, uneven depth", () => tensor([[1], 2]), "tensor: the nested arrays are not all equally deep"],
  ["tensor, shape", () => tensor([1, 2, 3], { shape: [2, 2] }), "tensor: shape [2,2] has 4 elements, got 3"],
  [
    "tensor, array of another dtype",
    () => tensor(new Int8Array(2), { dtype: "float32" }),
    "tensor: Int8Array does not hold float32",
  ],
  [
    "tensor, 16 bits of what",
    () => tensor(new Uint16Array(2)),
    "tensor: name the dtype that this Uint16Array holds (float16 or bfloat16?)",
  ],
  [
    "tensor, 64-bit floats",
    () => tensor(new Float64Array(2) as never),
    "tensor: name the dtype that this Float64Array holds",
  ],
  ["tensor, text", () => tensor("abc" as never), "tensor: expected numbers, booleans or arrays of them, got string"],
  ["tensor, null", () => tensor([1, null as never]), "tensor: expected numbers, booleans or arrays of them, got null"],
  ["tensor, bigint", () => tensor([1n as never], { dtype: "int64" }), "got bigint (put them into a BigInt64Array)"],
  [
    "tensor, unknown dtype",
    () => tensor([1], { dtype: "float64" as never }),
    'tensor: no dtype is named "float64" (float32, float16, bfloat16, int64,',
  ],
  [
    "tensor, fraction as integer",
    () => tensor([1.5], { dtype: "int32" }),
    "tensor: int32 holds whole numbers from -2147483648 to 2147483647, got 1.5 (round it, or take another dtype)",
  ],
  [
    "tensor, below an integer",
    () => tensor([-1], { dtype: "uint8" }),
    "tensor: uint8 holds whole numbers from 0 to 255",
  ],
  ["tensor, NaN as integer", () => tensor([Number.NaN], { dtype: "int64" }), "tensor: int64 holds whole numbers"],
  ["constant, fraction as integer", () => constant(0.5, "int32"), "constant: int32 holds whole numbers"],
  [
    "fraction beside integers",
    () => add(ids, 0.5),
    "a number beside a tensor takes its dtype: int32 holds whole numbers from -2147483648 to 2147483647, got 0.5",
  ],
  ["cast, unknown dtype", () => a.cast("float" as never), 'cast: no dtype is named "float"'],
  [
    "operand, array",
    () => add(a, [1, 2, 3] as never),
    "add: expected a tensor, got an array (make one of it with tensor",
  ],
  ["operand, missing", () => a.add(undefined as never), "add: expected a tensor, got undefined"],
  ["indices, number", () => a.gather(0 as never), "gather: expected a tensor, got number"],
  [
    "reshape, sizes one by one",
    () => (a as never as { reshape(...s: number[]): Tensor }).reshape(3, 2),
    "reshape: expected the shape as an array, got 3",
  ],
  ["split, number", () => a.split(3 as never), "split: expected the sizes of the parts as an array, got 3"],
  [
    "concat, tensors one by one",
    () => concat(a as never),
    "concat: expected the tensors as an array, got Tensor float32[2,3]",
  ],
  ["slice, fraction", () => slice(a, 0, 0.5), "slice: start and end must be a whole number, got 0.5"],
  ["pad, fraction", () => pad(a, 0, 0.5, 0), "pad: the counts before and after must be a whole number, got 0.5"],
  ["topK, fraction", () => topK(a, 1.5), "topK: k must be a whole number, got 1.5"],
  ["einsum, no result", () => einsum("ij,jk", a, b), 'einsum: expected letters as in "bij,bjk->bik", got "ij,jk"'],
  ["einsum, diagonal", () => einsum("ii->i", a), 'einsum: a letter stands twice in "ii" of "ii->i"'],
  ["einsum, result", () => einsum("ij->k", a), 'einsum: "k" of the result is in no term of "ij->k"'],
  ["einsum, count", () => einsum("ij,jk->ik", a), 'einsum: "ij,jk->ik" has 2 terms, got 1 tensors'],
  ["einsum, sizes", () => einsum("ij,jk->ik", a, b), 'einsum: "j" of "ij,jk->ik" is 3 in one tensor and 4 in another'],
  ["einsum, rank", () => einsum("i->i", a), 'einsum: "i" of "i->i" does not fit [2,3]'],
  ["squeeze", () => squeeze(a, 0), "squeeze: axis 0 of [2,3] has size 2, not 1"],
  ["unsqueeze", () => unsqueeze(a, 4), "unsqueeze: axis 4 is outside a tensor of 3 axes (use -3 to 2)"],
  ["stack of nothing", () => stack([]), "stack: expected at least one tensor, got none"],
  ["tril of a vector", () => tril(ids), "tril: expected at least two axes, got int32[4]"],
  ["variance", () => variance(a, 0, { correction: 2 }), "variance: 2 elements of [2,3] less a correction of 2"],
  ["any of numbers", () => any(a), "any: expected bool, got float32 (compare or cast it first)"],
  ["mean of integers", () => mean(ids), "mean: expected a float tensor, got int32 (cast it first)"],
  ["div by zero", () => ids.div(0), "div: integer division by zero"],
  [
    "gradient of a number",
    () => valueAndGrad((_: Tensor) => 1 as never)(a),
    "gradients: expected the loss as a tensor, got number (return it from the function)",
  ],
  [
    "scan, step",
    () => scan((carry: Tensor) => carry as never, scalar, a),
    "scan: the step must return [carry, output]",
  ],
  [
    "withPrecision",
    () => withPrecision((x: Tensor) => x, "fp16" as never),
    'withPrecision: no precision is named "fp16" (float32, float16, bfloat16)',
  ],
  ["compile, no function", () => compile(3 as never), "compile: expected a function, got number"],
  [
    "compile, donate",
    () => compile((x: Tensor) => x, { donate: 0 as never }),
    "compile: donate must be an array of positions of arguments, got 0",
  ],
  [
    "compile, signatures",
    () => compile((x: Tensor) => x, { maximumSignatures: 0 }),
    "compile: maximumSignatures must be at least 1, got 0",
  ],
  ["onnxExecutor, threads", () => onnxExecutor({ threads: 0 }), "onnxExecutor: threads must be a whole number above 0"],
  [
    "onnxExecutor, thread",
    () => onnxExecutor({ thread: "x" as never }),
    'onnxExecutor: thread must be "worker" or "main", got "x"',
  ],
  [
    "tensors in a Map",
    () => flattenTensors({ model: new Map([["weight", a]]) }),
    'tree: the Map at "model" holds tensors (put them into an object or an array)',
  ],
];

describe("messages", () => {
  it.each(cases)("%s", (_, run, message) => {
    expect(run).toThrow(message);
    expect(run).toThrow(TensorError);
  });

  it("name the line of the caller", () => {
    for (const [, run] of cases) {
      try {
        run();
      } catch (error) {
        if (!(error instanceof ShapeError || error instanceof DTypeError)) continue;
        expect(error.message).toMatch(/\n {2}at \S+errors\.test\.ts:\d+$/);
      }
    }
  });
});

describe("a tensor where plain JavaScript expects something else", () => {
  it("says what it is as text", () => {
    expect(`${a}`).toBe("Tensor float32[2,3]");
    expect(inspect({ a })).toBe("{ a: Tensor float32[2,3] }");
  });

  it("is no number", () => {
    expect(() => Number(a)).toThrow("Tensor float32[2,3] is no number: use its methods");
  });

  it("has no elements while a function is recorded", async () => {
    let inside: Promise<unknown> | undefined;
    const twice = compile((x: Tensor) => {
      inside = x.data();
      inside.catch(() => {});
      return x.add(x);
    });
    twice.program(a);
    await expect(inside).rejects.toThrow('"0" is a placeholder: the input of a function that is recorded');
  });
});

it("is recognised across copies of the package", () => {
  const other = Object.assign(new Error("x"), { [Symbol.for("@llm/tensor.error")]: true });
  expect(TensorError.isInstance(other)).toBe(true);
  expect(TensorError.isInstance(new Error("x"))).toBe(false);
  expect(TensorError.isInstance(undefined)).toBe(false);
});
