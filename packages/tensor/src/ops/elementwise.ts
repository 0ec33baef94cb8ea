// Ops that work element by element: arithmetic, functions, comparison, logic, bits, select and cast. Inputs broadcast.
import { type DType, isFloat, isInteger, requireDType, requireFloat } from "../dtype.ts";
import { ExecutionError } from "../errors.ts";
import type { Tensor } from "../graph.ts";
import { broadcastShapes } from "../shape.ts";
import { asTensor, literalData, type Operand } from "./create.ts";
import {
  binary,
  both,
  mapBroadcast,
  pair,
  requireBool,
  requireNumeric,
  requireSameDType,
  requireUint32,
  unary,
} from "./elementwiseOp.ts";
import { errorFunction } from "./errorFunction.ts";
import { onnxDataType } from "./onnxDataType.ts";
import { apply, defineOp, type OpDefinition, type Widening, widenBfloat16 } from "./op.ts";
import type { TensorFlow, TensorFlowTensor } from "./tensorFlow.ts";
import { tfjsDType } from "./tfjsData.ts";

function extend(properties: Pick<OpDefinition, "idle" | "simd" | "precision">, op: OpDefinition): OpDefinition {
  return { ...op, ...properties };
}

/** The lowest 32 bits of the product of int32, of which TensorFlow.js's own product may lose some to a float64. */
function multiplyInt32(tf: TensorFlow, a: TensorFlowTensor, b: TensorFlowTensor): TensorFlowTensor {
  const halfRange = tf.scalar(2 ** 16, "int32");
  const low = tf.mod(a, halfRange);
  const high = tf.floorDiv(tf.sub(a, low), halfRange);
  return tf.add(tf.mul(tf.mul(high, b), halfRange), tf.mul(low, b));
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
    both("Add", "add"),
  ),
);
/** a + b, element by element. Shapes broadcast, a number takes the other operand's dtype; integers wrap around. */
export const add = (a: Operand, b: Operand): Tensor => apply(addOp, pair(a, b), {});

export const subOp = extend(
  { idle: { right: 0 }, simd: "f32x4.sub" },
  binary(
    "sub",
    requireNumeric,
    (a, b) => a - b,
    ({ gradient }) => [gradient, neg(gradient)],
    both("Sub", "sub"),
  ),
);
/** a - b, element by element; operands as in `add`. */
export const sub = (a: Operand, b: Operand): Tensor => apply(subOp, pair(a, b), {});

export const mulOp = defineOp({
  ...binary(
    "mul",
    requireNumeric,
    (a, b) => a * b,
    ({ gradient, inputs: [a, b] }) => [mul(gradient, b!), mul(gradient, a!)],
    both("Mul", "mul"),
  ),
  reference: ([a, b], [output], context) => {
    // A product of two 32-bit integers exceeds 2^53: wrap it exactly.
    const wraps = context.outputs[0]!.dtype === "uint32" || context.outputs[0]!.dtype === "int32";
    const product = wraps ? Math.imul : (x: number, y: number) => x * y;
    mapBroadcast([a!, b!], output!, context, (_, [i, j]) => product(a![i!]!, b![j!]!));
  },
  onnx: { opType: "Mul" },
  tfjs: (tf, [a, b], { outputs }) => (outputs[0]!.dtype === "int32" ? multiplyInt32(tf, a!, b!) : tf.mul(a!, b!)),
  idle: { left: 1, right: 1 },
  simd: "f32x4.mul",
});
/** a · b, element by element; operands as in `add`. */
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
    both("Div", "div"),
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
  tfjs: (tf, [a, b]) => tf.div(a!, b!),
  // It rounds downwards and does not notice a division by zero.
  tfjsReference: ["int32", "int8", "uint8"],
  simd: "f32x4.div",
  idle: { right: 1 },
});
/** a / b; of integers, truncated towards zero. An integer divided by zero is an error when it runs. */
export const div = (a: Operand, b: Operand): Tensor => {
  const operands = pair(a, b);
  const quotient = apply(divOp, operands, {});
  // ONNX Runtime would fail without a word on where it was.
  if (isInteger(quotient.dtype) && literalData(operands[1])?.some((divisor) => Number(divisor) === 0)) {
    throw new ExecutionError("div: integer division by zero");
  }
  return quotient;
};

export const powOp = extend(
  { idle: { right: 1 }, precision: "float32" },
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
    both("Pow", "pow"),
  ),
);
/** a to the power of b, element by element, of floats. */
export const pow = (a: Operand, b: Operand): Tensor => apply(powOp, pair(a, b), {});

export const maximumOp = extend(
  { simd: "f32x4.max" },
  binary(
    "maximum",
    requireNumeric,
    Math.max,
    ({ gradient, inputs: [a, b] }) => {
      const first = logicalNot(less(a!, b!));
      return [where(first, gradient, zeroOf(gradient)), where(first, zeroOf(gradient), gradient)];
    },
    both("Max", "maximum"),
  ),
);
/** The larger of a and b, element by element; NaN where one of them is. At equality `a` takes the whole gradient. */
export const maximum = (a: Operand, b: Operand): Tensor => apply(maximumOp, pair(a, b), {});

export const minimumOp = extend(
  { simd: "f32x4.min" },
  binary(
    "minimum",
    requireNumeric,
    Math.min,
    ({ gradient, inputs: [a, b] }) => {
      const first = logicalNot(less(b!, a!));
      return [where(first, gradient, zeroOf(gradient)), where(first, zeroOf(gradient), gradient)];
    },
    both("Min", "minimum"),
  ),
);
/** The smaller of a and b, element by element; NaN where one of them is. At equality `a` takes the whole gradient. */
export const minimum = (a: Operand, b: Operand): Tensor => apply(minimumOp, pair(a, b), {});

const zeroOf = (x: Tensor) => asTensor(0, x.dtype);

const widenUnsigned: Widening = { ...widenBfloat16, uint8: "int32", uint32: "int64" };
export const negOp = defineOp({
  ...unary(
    "neg",
    requireNumeric,
    (x) => -x,
    ({ gradient }) => [neg(gradient)],
    both("Neg", "neg"),
  ),
  reference: ([x], [output]) => {
    for (let i = 0; i < output!.length; i++) output![i] = -x![i]!;
  },
  onnx: { opType: "Neg" },
  tfjs: (tf, [x]) => tf.neg(x!),
  widen: widenUnsigned,
  simd: "f32x4.neg",
});
/** -x. */
export const neg = (x: Tensor): Tensor => apply(negOp, [x], {});

export const absOp = extend(
  { simd: "f32x4.abs" },
  unary("abs", requireNumeric, Math.abs, ({ gradient, inputs: [x] }) => [mul(gradient, sign(x!))], {
    onnx: { opType: "Abs" },
    // Its kernel holds integers as float32 on the way.
    tfjs: (tf, [x]) => (x!.dtype === "int32" ? tf.maximum(x!, tf.neg(x!)) : tf.abs(x!)),
  }),
);
/** |x|, with gradient 0 at 0. */
export const abs = (x: Tensor): Tensor => apply(absOp, [x], {});

export const signOp = extend(
  { simd: "sign" },
  unary("sign", requireNumeric, Math.sign, "zero", {
    onnx: { opType: "Sign" },
    tfjs: (tf, [x]) => (x!.dtype === "int32" ? tf.sign(x!) : tf.where(tf.isNaN(x!), x!, tf.sign(x!))),
  }),
);
/** -1, 0 or 1. */
export const sign = (x: Tensor): Tensor => apply(signOp, [x], {});

export const floorOp = unary("floor", requireFloat, Math.floor, "zero", both("Floor", "floor"));
/** The largest whole number that is not above x; no gradient flows. */
export const floor = (x: Tensor): Tensor => apply(floorOp, [x], {});

/** The smallest whole number that is not below x; no gradient flows. */
export const ceil = (x: Tensor): Tensor => neg(floor(neg(x)));

export const roundOp = unary("round", requireFloat, roundHalfToEven, "zero", both("Round", "round"));
/** The nearest whole number, of halves the even one; no gradient flows. */
export const round = (x: Tensor): Tensor => apply(roundOp, [x], {});

function roundHalfToEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return rest < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}

export const expOp = extend(
  { precision: "float32" },
  unary("exp", requireFloat, Math.exp, ({ gradient, outputs: [y] }) => [mul(gradient, y!)], both("Exp", "exp")),
);
/** e to the power of x. */
export const exp = (x: Tensor): Tensor => apply(expOp, [x], {});

export const logOp = extend(
  { precision: "float32" },
  unary("log", requireFloat, Math.log, ({ gradient, inputs: [x] }) => [div(gradient, x!)], both("Log", "log")),
);
/** The natural logarithm. */
export const log = (x: Tensor): Tensor => apply(logOp, [x], {});

export const sqrtOp = extend(
  { simd: "f32x4.sqrt" },
  unary(
    "sqrt",
    requireFloat,
    Math.sqrt,
    ({ gradient, outputs: [y] }) => [div(mul(gradient, 0.5), y!)],
    both("Sqrt", "sqrt"),
  ),
);
/** The square root. */
export const sqrt = (x: Tensor): Tensor => apply(sqrtOp, [x], {});

export const sinOp = unary(
  "sin",
  requireFloat,
  Math.sin,
  ({ gradient, inputs: [x] }) => [mul(gradient, cos(x!))],
  both("Sin", "sin"),
);
/** Sine of x in radians. */
export const sin = (x: Tensor): Tensor => apply(sinOp, [x], {});

export const cosOp = unary(
  "cos",
  requireFloat,
  Math.cos,
  ({ gradient, inputs: [x] }) => [neg(mul(gradient, sin(x!)))],
  both("Cos", "cos"),
);
/** Cosine of x in radians. */
export const cos = (x: Tensor): Tensor => apply(cosOp, [x], {});

export const tanhOp = unary(
  "tanh",
  requireFloat,
  Math.tanh,
  ({ gradient, outputs: [y] }) => [mul(gradient, sub(1, mul(y!, y!)))],
  both("Tanh", "tanh"),
);
/** The hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => apply(tanhOp, [x], {});

export const sigmoidOp = unary(
  "sigmoid",
  requireFloat,
  (x) => 1 / (1 + Math.exp(-x)),
  ({ gradient, outputs: [y] }) => [mul(gradient, mul(y!, sub(1, y!)))],
  both("Sigmoid", "sigmoid"),
);
/** 1 / (1 + exp(-x)). */
export const sigmoid = (x: Tensor): Tensor => apply(sigmoidOp, [x], {});

export const erfOp = unary(
  "erf",
  requireFloat,
  errorFunction,
  ({ gradient, inputs: [x] }) => [mul(gradient, mul(exp(neg(mul(x!, x!))), 2 / Math.sqrt(Math.PI)))],
  both("Erf", "erf"),
);
/** The error function. */
export const erf = (x: Tensor): Tensor => apply(erfOp, [x], {});

export const isNaNOp = unary(
  "isNaN",
  requireFloat,
  (x) => (Number.isNaN(x) ? 1 : 0),
  "zero",
  both("IsNaN", "isNaN"),
  "bool",
);
/** bool: whether x is not a number. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the name of the op in every tensor library
export const isNaN = (x: Tensor): Tensor => apply(isNaNOp, [x], {});

export const equalOp = binary(
  "equal",
  () => {},
  (a, b) => (a === b ? 1 : 0),
  "zero",
  both("Equal", "equal"),
  "bool",
);
/** bool: a = b, element by element; operands as in `add`. */
export const equal = (a: Operand, b: Operand): Tensor => apply(equalOp, pair(a, b), {});

export const lessOp = binary("less", requireNumeric, (a, b) => (a < b ? 1 : 0), "zero", both("Less", "less"), "bool");
/** bool: a < b, element by element; operands as in `add`. */
export const less = (a: Operand, b: Operand): Tensor => apply(lessOp, pair(a, b), {});
/** bool: a > b, element by element; operands as in `add`. */
export const greater = (a: Operand, b: Operand): Tensor => less(b, a);

export const lessOrEqualOp = binary(
  "lessOrEqual",
  requireNumeric,
  (a, b) => (a <= b ? 1 : 0),
  "zero",
  both("LessOrEqual", "lessEqual"),
  "bool",
);
/** bool: a <= b, element by element; operands as in `add`. */
export const lessOrEqual = (a: Operand, b: Operand): Tensor => apply(lessOrEqualOp, pair(a, b), {});
/** bool: a >= b, element by element; operands as in `add`. */
export const greaterOrEqual = (a: Operand, b: Operand): Tensor => lessOrEqual(b, a);

export const logicalNotOp = unary("logicalNot", requireBool, (x) => (x ? 0 : 1), "zero", both("Not", "logicalNot"));
/** Not x, of bool. */
export const logicalNot = (x: Tensor): Tensor => apply(logicalNotOp, [x], {});

export const logicalAndOp = binary("logicalAnd", requireBool, (a, b) => a & b, "zero", both("And", "logicalAnd"));
/** a and b, of bool; shapes broadcast. */
export const logicalAnd = (a: Tensor, b: Tensor): Tensor => apply(logicalAndOp, [a, b], {});

export const logicalOrOp = binary("logicalOr", requireBool, (a, b) => a | b, "zero", both("Or", "logicalOr"));
/** a or b, of bool; shapes broadcast. */
export const logicalOr = (a: Tensor, b: Tensor): Tensor => apply(logicalOrOp, [a, b], {});

export const bitwiseXorOp = binary("bitwiseXor", requireUint32, (a, b) => (a ^ b) >>> 0, "zero", {
  onnx: { opType: "BitwiseXor" },
  tfjs: "reference",
});
/** The bits in which a and b differ, of uint32. */
export const bitwiseXor = (a: Operand, b: Operand): Tensor => apply(bitwiseXorOp, pair(a, b), {});

export const shiftRightOp = binary("shiftRight", requireUint32, (a, b) => a >>> b, "zero", {
  onnx: (emit, inputs) => emit.node("BitShift", inputs, { direction: "RIGHT" }),
  tfjs: "reference",
});
/** The bits of a moved b places towards the lowest, of uint32. */
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
  tfjs: (tf, [condition, a, b]) => tf.where(condition!, a!, b!),
});
/** `whenTrue` where the bool `condition` holds, else `whenFalse`; shapes broadcast. */
export const where = (condition: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor =>
  apply(whereOp, [condition, ...pair(whenTrue, whenFalse)], {});

type CastAttributes = { dtype: DType };

export const castOp = defineOp<CastAttributes>({
  name: "cast",
  infer: ([x], { dtype }) => {
    requireDType("cast", dtype);
    return { dtype, shape: x!.shape };
  },
  vjp: ({ gradient, inputs: [x] }) => [
    isFloat(x!.dtype) && isFloat(gradient.dtype) ? cast(gradient, x!.dtype) : undefined,
  ],
  reference: ([x], [output], { attributes: { dtype } }) => {
    const convert =
      dtype === "bool" ? (v: number) => (v === 0 ? 0 : 1) : isFloat(dtype) ? (v: number) => v : Math.trunc;
    for (let i = 0; i < output!.length; i++) output![i] = convert(x![i]!);
  },
  onnx: (emit, inputs, { attributes }) => emit.node("Cast", inputs, { to: { int: onnxDataType[attributes.dtype] } }),
  // Dtypes it does not have run on the host and never get here.
  tfjs: (tf, [x], { attributes }) => tf.cast(x!, tfjsDType[attributes.dtype]!),
  idle: "sameType",
  precision: "unchanged",
});
/** x in another dtype. Floats become integers by truncation; anything but zero becomes true. */
export const cast = (x: Tensor, dtype: DType): Tensor => (x.dtype === dtype ? x : apply(castOp, [x], { dtype }));

export const stopGradientOp = unary(
  "stopGradient",
  () => {},
  (x) => x,
  "zero",
  both("Identity", "clone"),
);
/** x, through which no gradient flows. */
export const stopGradient = (x: Tensor): Tensor => apply(stopGradientOp, [x], {});

/** Every primitive of this file. */
export const elementwiseOps = [
  addOp, subOp, mulOp, divOp, powOp, maximumOp, minimumOp, negOp, absOp, signOp, floorOp, roundOp, expOp, logOp, sqrtOp,
  sinOp, cosOp, tanhOp, sigmoidOp, erfOp, isNaNOp, equalOp, lessOp, lessOrEqualOp, logicalNotOp, logicalAndOp, logicalOrOp,
  bitwiseXorOp, shiftRightOp, whereOp, castOp, stopGradientOp,
]; // biome-ignore format: one list
