// Ops that work element by element: arithmetic, functions, comparison, logic, bits, select and cast. Inputs broadcast.
import { type DType, isFloat, isInteger, requireFloat } from "../dtype.ts";
import { DTypeError, ExecutionError } from "../errors.ts";
import { type Attributes, describeType, type Tensor, type TensorType } from "../graph.ts";
import { broadcastShapes } from "../shape.ts";
import { asTensor, type Operand } from "./create.ts";
import { broadcastStrides, walkStrided } from "./loops.ts";
import { onnxDataType } from "./onnxDataType.ts";
import {
  apply,
  defineOp,
  type GradientRule,
  type KernelContext,
  type NumberArray,
  type OnnxLowering,
  type OpDefinition,
  type Widening,
  widenBfloat16,
} from "./op.ts";

type None = Attributes;
type DTypeRule = (where: string, dtype: DType) => void;

function requireNumeric(where: string, dtype: DType): void {
  if (dtype === "bool") throw new DTypeError(`${where}: expected numbers, got bool (cast it first)`);
}

function requireBool(where: string, dtype: DType): void {
  if (dtype !== "bool") throw new DTypeError(`${where}: expected bool, got ${dtype} (compare or cast it first)`);
}

function requireUint32(where: string, dtype: DType): void {
  if (dtype !== "uint32") throw new DTypeError(`${where}: expected uint32, got ${dtype} (cast it first)`);
}

function requireSameDType(where: string, a: TensorType, b: TensorType): void {
  if (a.dtype !== b.dtype) {
    throw new DTypeError(`${where}: dtypes differ: ${describeType(a)} and ${describeType(b)} (cast one of them)`);
  }
}

function mapBroadcast(
  inputs: readonly NumberArray[],
  output: NumberArray,
  context: KernelContext<Attributes>,
  compute: (output: number, positions: readonly number[]) => number,
): void {
  const shape = context.outputs[0]!.shape;
  const positions = inputs.map((_, i) => {
    const index = new Int32Array(output.length);
    walkStrided(shape, broadcastStrides(context.inputs[i]!.shape, shape), (out, from) => {
      index[out] = from;
    });
    return index;
  });
  const current = new Array<number>(inputs.length);
  for (let i = 0; i < output.length; i++) {
    for (let k = 0; k < positions.length; k++) current[k] = positions[k]![i]!;
    output[i] = compute(i, current);
  }
}

function unary(
  name: string,
  require: DTypeRule,
  scalar: (x: number) => number,
  vjp: GradientRule<None> | "zero",
  onnx: OnnxLowering<None>,
  result?: DType,
) {
  return defineOp({
    name,
    infer: ([x]) => {
      require(name, x!.dtype);
      return { dtype: result ?? x!.dtype, shape: x!.shape };
    },
    vjp,
    reference: ([x], [output]) => {
      for (let i = 0; i < output!.length; i++) output![i] = scalar(x![i]!);
    },
    onnx,
    widen: widenBfloat16,
  });
}

function binary(
  name: string,
  require: DTypeRule,
  scalar: (a: number, b: number) => number,
  vjp: GradientRule<None> | "zero",
  onnx: OnnxLowering<None>,
  result?: DType,
) {
  return defineOp({
    name,
    infer: ([a, b]) => {
      requireSameDType(name, a!, b!);
      require(name, a!.dtype);
      return { dtype: result ?? a!.dtype, shape: broadcastShapes(name, a!.shape, b!.shape) };
    },
    vjp,
    reference: ([a, b], [output], context) =>
      mapBroadcast([a!, b!], output!, context, (_, [i, j]) => scalar(a![i!]!, b![j!]!)),
    onnx,
    widen: widenBfloat16,
  });
}

function extend(properties: Pick<OpDefinition, "idle" | "simd">, op: OpDefinition): OpDefinition {
  return { ...op, ...properties };
}

/** Two operands of one dtype: a number takes the other's. */
function pair(a: Operand, b: Operand): [Tensor, Tensor] {
  const dtype = typeof a !== "number" ? a.dtype : typeof b !== "number" ? b.dtype : "float32";
  return [asTensor(a, dtype), asTensor(b, dtype)];
}

function divideIntegers(a: number, b: number): number {
  if (b === 0) throw new ExecutionError("div: integer division by zero");
  return Math.trunc(a / b);
}

export const addOp = extend(
  { idle: { left: 0, right: 0 }, simd: "f32x4.add" },
  binary(
    "add",
    requireNumeric,
    (a, b) => a + b,
    ({ gradient }) => [gradient, gradient],
    { opType: "Add" },
  ),
);
export const add = (a: Operand, b: Operand): Tensor => apply(addOp, pair(a, b), {});

export const subOp = extend(
  { idle: { right: 0 }, simd: "f32x4.sub" },
  binary(
    "sub",
    requireNumeric,
    (a, b) => a - b,
    ({ gradient }) => [gradient, neg(gradient)],
    {
      opType: "Sub",
    },
  ),
);
export const sub = (a: Operand, b: Operand): Tensor => apply(subOp, pair(a, b), {});

export const mulOp = defineOp({
  ...binary(
    "mul",
    requireNumeric,
    (a, b) => a * b,
    ({ gradient, inputs: [a, b] }) => [mul(gradient, b!), mul(gradient, a!)],
    {
      opType: "Mul",
    },
  ),
  reference: ([a, b], [output], context) => {
    // A product of two 32-bit integers exceeds 2^53: wrap it exactly.
    const wraps = context.outputs[0]!.dtype === "uint32" || context.outputs[0]!.dtype === "int32";
    const product = wraps ? Math.imul : (x: number, y: number) => x * y;
    mapBroadcast([a!, b!], output!, context, (_, [i, j]) => product(a![i!]!, b![j!]!));
  },
  onnx: { opType: "Mul" },
  idle: { left: 1, right: 1 },
  simd: "f32x4.mul",
});
export const mul = (a: Operand, b: Operand): Tensor => apply(mulOp, pair(a, b), {});

export const divOp = defineOp({
  ...binary(
    "div",
    requireNumeric,
    (a, b) => a / b,
    ({ gradient, inputs: [, b], outputs: [y] }) => {
      const gradientA = div(gradient, b!);
      return [gradientA, neg(mul(gradientA, y!))];
    },
    { opType: "Div" },
  ),
  reference: ([a, b], [output], context) => {
    const divide = isInteger(context.outputs[0]!.dtype) ? divideIntegers : (x: number, y: number) => x / y;
    mapBroadcast([a!, b!], output!, context, (_, [i, j]) => divide(a![i!]!, b![j!]!));
  },
  onnx: (emit, [a, b], { outputs }) => {
    const { dtype } = outputs[0]!;
    if (dtype !== "int32" && dtype !== "int64") return emit.node("Div", [a!, b!]);
    // The lowest integer divided by -1 does not fit, and the processor would end the process.
    const isMinusOne = emit.node("Equal", [b!, emit.constant(dtype, [-1], [])]);
    const divisor = emit.node("Where", [isMinusOne, emit.constant(dtype, [1], []), b!]);
    return emit.node("Where", [isMinusOne, emit.node("Neg", [a!]), emit.node("Div", [a!, divisor])]);
  },
  simd: "f32x4.div",
  idle: { right: 1 },
});
/** a / b; of integers, truncated towards zero. An integer divided by zero is an error when it runs. */
export const div = (a: Operand, b: Operand): Tensor => apply(divOp, pair(a, b), {});

export const powOp = extend(
  { idle: { right: 1 } },
  binary(
    "pow",
    requireFloat,
    (a, b) => a ** b,
    ({ gradient, inputs: [a, b], outputs: [y] }) => {
      const zero = equal(a!, 0);
      // x^y at x = 0 does not depend on y where y > 0; log(0) must not turn that into NaN.
      const logA = log(where(zero, asTensor(1, a!.dtype), a!));
      return [mul(gradient, mul(b!, pow(a!, sub(b!, 1)))), mul(gradient, mul(y!, logA))];
    },
    { opType: "Pow" },
  ),
);
export const pow = (a: Operand, b: Operand): Tensor => apply(powOp, pair(a, b), {});

/** NaN in either operand gives NaN. At equality the first operand takes the whole gradient. */
export const maximumOp = binary(
  "maximum",
  requireNumeric,
  Math.max,
  ({ gradient, inputs: [a, b] }) => {
    const first = logicalNot(less(a!, b!));
    return [where(first, gradient, zeroOf(gradient)), where(first, zeroOf(gradient), gradient)];
  },
  { opType: "Max" },
);
export const maximum = (a: Operand, b: Operand): Tensor => apply(maximumOp, pair(a, b), {});

export const minimumOp = binary(
  "minimum",
  requireNumeric,
  Math.min,
  ({ gradient, inputs: [a, b] }) => {
    const first = logicalNot(less(b!, a!));
    return [where(first, gradient, zeroOf(gradient)), where(first, zeroOf(gradient), gradient)];
  },
  { opType: "Min" },
);
export const minimum = (a: Operand, b: Operand): Tensor => apply(minimumOp, pair(a, b), {});

const zeroOf = (x: Tensor) => asTensor(0, x.dtype);

const widenUnsigned: Widening = { ...widenBfloat16, uint8: "int32", uint32: "int64" };
export const negOp = defineOp({
  ...unary(
    "neg",
    requireNumeric,
    (x) => -x,
    ({ gradient }) => [neg(gradient)],
    { opType: "Neg" },
  ),
  reference: ([x], [output]) => {
    for (let i = 0; i < output!.length; i++) output![i] = -x![i]!;
  },
  onnx: { opType: "Neg" },
  widen: widenUnsigned,
});
export const neg = (x: Tensor): Tensor => apply(negOp, [x], {});

export const absOp = unary("abs", requireNumeric, Math.abs, ({ gradient, inputs: [x] }) => [mul(gradient, sign(x!))], {
  opType: "Abs",
});
export const abs = (x: Tensor): Tensor => apply(absOp, [x], {});

export const signOp = unary("sign", requireNumeric, Math.sign, "zero", { opType: "Sign" });
export const sign = (x: Tensor): Tensor => apply(signOp, [x], {});

export const floorOp = unary("floor", requireFloat, Math.floor, "zero", { opType: "Floor" });
export const floor = (x: Tensor): Tensor => apply(floorOp, [x], {});

/** To the nearest whole number, ties to even. */
export const roundOp = unary("round", requireFloat, roundHalfToEven, "zero", { opType: "Round" });
export const round = (x: Tensor): Tensor => apply(roundOp, [x], {});

function roundHalfToEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return rest < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}

export const expOp = unary("exp", requireFloat, Math.exp, ({ gradient, outputs: [y] }) => [mul(gradient, y!)], {
  opType: "Exp",
});
export const exp = (x: Tensor): Tensor => apply(expOp, [x], {});

export const logOp = unary("log", requireFloat, Math.log, ({ gradient, inputs: [x] }) => [div(gradient, x!)], {
  opType: "Log",
});
export const log = (x: Tensor): Tensor => apply(logOp, [x], {});

export const sqrtOp = extend(
  { simd: "f32x4.sqrt" },
  unary(
    "sqrt",
    requireFloat,
    Math.sqrt,
    ({ gradient, outputs: [y] }) => [div(mul(gradient, 0.5), y!)],
    { opType: "Sqrt" },
  ),
);
export const sqrt = (x: Tensor): Tensor => apply(sqrtOp, [x], {});

export const sinOp = unary("sin", requireFloat, Math.sin, ({ gradient, inputs: [x] }) => [mul(gradient, cos(x!))], {
  opType: "Sin",
});
export const sin = (x: Tensor): Tensor => apply(sinOp, [x], {});

export const cosOp = unary(
  "cos",
  requireFloat,
  Math.cos,
  ({ gradient, inputs: [x] }) => [neg(mul(gradient, sin(x!)))],
  {
    opType: "Cos",
  },
);
export const cos = (x: Tensor): Tensor => apply(cosOp, [x], {});

export const tanhOp = unary(
  "tanh",
  requireFloat,
  Math.tanh,
  ({ gradient, outputs: [y] }) => [mul(gradient, sub(1, mul(y!, y!)))],
  { opType: "Tanh" },
);
export const tanh = (x: Tensor): Tensor => apply(tanhOp, [x], {});

export const sigmoidOp = unary(
  "sigmoid",
  requireFloat,
  (x) => 1 / (1 + Math.exp(-x)),
  ({ gradient, outputs: [y] }) => [mul(gradient, mul(y!, sub(1, y!)))],
  { opType: "Sigmoid" },
);
export const sigmoid = (x: Tensor): Tensor => apply(sigmoidOp, [x], {});

export const erfOp = unary(
  "erf",
  requireFloat,
  errorFunction,
  ({ gradient, inputs: [x] }) => [mul(gradient, mul(exp(neg(mul(x!, x!))), 2 / Math.sqrt(Math.PI)))],
  { opType: "Erf" },
);
export const erf = (x: Tensor): Tensor => apply(erfOp, [x], {});

/** erf to about 1e-15: its Taylor series near 0, the continued fraction of erfc elsewhere. */
function errorFunction(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (size > 6) return Math.sign(x);
  if (size < 2.5) {
    let term = size;
    let sum = size;
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= -(size * size) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction));
}

export const isNaNOp = unary(
  "isNaN",
  requireFloat,
  (x) => (Number.isNaN(x) ? 1 : 0),
  "zero",
  { opType: "IsNaN" },
  "bool",
);
// biome-ignore lint/suspicious/noShadowRestrictedNames: the name of the op in every tensor library
export const isNaN = (x: Tensor): Tensor => apply(isNaNOp, [x], {});

export const equalOp = binary(
  "equal",
  () => {},
  (a, b) => (a === b ? 1 : 0),
  "zero",
  { opType: "Equal" },
  "bool",
);
export const equal = (a: Operand, b: Operand): Tensor => apply(equalOp, pair(a, b), {});

export const lessOp = binary("less", requireNumeric, (a, b) => (a < b ? 1 : 0), "zero", { opType: "Less" }, "bool");
export const less = (a: Operand, b: Operand): Tensor => apply(lessOp, pair(a, b), {});
export const greater = (a: Operand, b: Operand): Tensor => less(b, a);

export const lessOrEqualOp = binary(
  "lessOrEqual",
  requireNumeric,
  (a, b) => (a <= b ? 1 : 0),
  "zero",
  { opType: "LessOrEqual" },
  "bool",
);
export const lessOrEqual = (a: Operand, b: Operand): Tensor => apply(lessOrEqualOp, pair(a, b), {});
export const greaterOrEqual = (a: Operand, b: Operand): Tensor => lessOrEqual(b, a);

export const logicalNotOp = unary("logicalNot", requireBool, (x) => (x ? 0 : 1), "zero", { opType: "Not" });
export const logicalNot = (x: Tensor): Tensor => apply(logicalNotOp, [x], {});

export const logicalAndOp = binary("logicalAnd", requireBool, (a, b) => a & b, "zero", { opType: "And" });
export const logicalAnd = (a: Tensor, b: Tensor): Tensor => apply(logicalAndOp, [a, b], {});

export const logicalOrOp = binary("logicalOr", requireBool, (a, b) => a | b, "zero", { opType: "Or" });
export const logicalOr = (a: Tensor, b: Tensor): Tensor => apply(logicalOrOp, [a, b], {});

export const bitwiseXorOp = binary("bitwiseXor", requireUint32, (a, b) => (a ^ b) >>> 0, "zero", {
  opType: "BitwiseXor",
});
export const bitwiseXor = (a: Operand, b: Operand): Tensor => apply(bitwiseXorOp, pair(a, b), {});

export const shiftRightOp = binary(
  "shiftRight",
  requireUint32,
  (a, b) => a >>> b,
  "zero",
  (emit, inputs) => emit.node("BitShift", inputs, { direction: "RIGHT" }),
);
export const shiftRight = (a: Operand, b: Operand): Tensor => apply(shiftRightOp, pair(a, b), {});

/** Elements of `whenTrue` where `condition` holds, of `whenFalse` elsewhere; all three broadcast. */
export const whereOp = defineOp({
  name: "where",
  infer: ([condition, a, b]) => {
    requireBool("where", condition!.dtype);
    requireSameDType("where", a!, b!);
    return {
      dtype: a!.dtype,
      shape: broadcastShapes("where", condition!.shape, broadcastShapes("where", a!.shape, b!.shape)),
    };
  },
  vjp: ({ gradient, inputs: [condition] }) => [
    undefined,
    where(condition!, gradient, zeroOf(gradient)),
    where(condition!, zeroOf(gradient), gradient),
  ],
  reference: ([condition, a, b], [output], context) =>
    mapBroadcast([condition!, a!, b!], output!, context, (_, [c, i, j]) => (condition![c!] ? a![i!]! : b![j!]!)),
  onnx: (emit, [condition, a, b], { outputs }) => {
    if (outputs[0]!.dtype !== "bool") return emit.node("Where", [condition!, a!, b!]);
    const [x, y] = [a!, b!].map((value) => emit.node("Cast", [value], { to: { int: onnxDataType.uint8 } }));
    return emit.node("Cast", [emit.node("Where", [condition!, x!, y!])], { to: { int: onnxDataType.bool } });
  },
  simd: "v128.bitselect",
  widen: { ...widenBfloat16, uint32: "int64", int8: "int32" },
});
export const where = (condition: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor =>
  apply(whereOp, [condition, ...pair(whenTrue, whenFalse)], {});

type CastAttributes = { dtype: DType };

/** Conversion to another dtype. Floats become integers by truncation; anything but zero becomes true. */
export const castOp = defineOp<CastAttributes>({
  name: "cast",
  infer: ([x], { dtype }) => ({ dtype, shape: x!.shape }),
  vjp: ({ gradient, inputs: [x] }) => [
    isFloat(x!.dtype) && isFloat(gradient.dtype) ? cast(gradient, x!.dtype) : undefined,
  ],
  reference: ([x], [output], { attributes: { dtype } }) => {
    const convert =
      dtype === "bool" ? (v: number) => (v === 0 ? 0 : 1) : isFloat(dtype) ? (v: number) => v : Math.trunc;
    for (let i = 0; i < output!.length; i++) output![i] = convert(x![i]!);
  },
  onnx: (emit, inputs, { attributes }) => emit.node("Cast", inputs, { to: { int: onnxDataType[attributes.dtype] } }),
  idle: "sameType",
});
export const cast = (x: Tensor, dtype: DType): Tensor => (x.dtype === dtype ? x : apply(castOp, [x], { dtype }));

/** The same values, through which no gradient flows. */
export const stopGradientOp = unary(
  "stopGradient",
  () => {},
  (x) => x,
  "zero",
  { opType: "Identity" },
);
export const stopGradient = (x: Tensor): Tensor => apply(stopGradientOp, [x], {});

/** Every primitive of this file. */
export const elementwiseOps = [
  addOp, subOp, mulOp, divOp, powOp, maximumOp, minimumOp, negOp, absOp, signOp, floorOp, roundOp, expOp, logOp, sqrtOp,
  sinOp, cosOp, tanhOp, sigmoidOp, erfOp, isNaNOp, equalOp, lessOp, lessOrEqualOp, logicalNotOp, logicalAndOp, logicalOrOp,
  bitwiseXorOp, shiftRightOp, whereOp, castOp, stopGradientOp,
]; // biome-ignore format: one list
