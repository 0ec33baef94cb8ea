// Order of computation that the values alone do not ask for: what recomputation and memory planning are made of.
import type { Shape, Tensor, TensorType } from "../graph.ts";
import { normalizeAxis } from "../shape.ts";
import { pad, sliceOp } from "./movement.ts";
import { onnxDataType } from "./onnxDataType.ts";
import { apply, defineOp, type OnnxEmitter, record, widenBfloat16 } from "./op.ts";

type AfterAttributes = { values: number };

/** Inputs: `values` tensors that pass through unchanged, then those that must be computed first. */
export const afterOp = defineOp<AfterAttributes>({
  name: "after",
  infer: (inputs, { values }) => inputs.slice(0, values).map(({ dtype, shape }): TensorType => ({ dtype, shape })),
  vjp: ({ gradients }) => gradients,
  reference: (inputs, outputs) => {
    for (const [i, output] of outputs.entries()) output.set(inputs[i]!);
  },
  onnx: (emit, inputs, { attributes: { values }, inputs: types }) => {
    const never = neverTrue(emit, inputs.slice(values));
    return inputs.slice(0, values).map((value, i) => {
      const { dtype, shape } = types[i]!;
      if (emit.waitsByShape && shape.length > 0) return reshapedLate(emit, value, shape, never);
      if (dtype !== "bool") return emit.node("Where", [never, emit.constant(dtype, [0], []), value]);
      const number = emit.node("Cast", [value], { to: { int: onnxDataType.uint8 } });
      const passed = emit.node("Where", [never, emit.constant("uint8", [0], []), number]);
      return emit.node("Cast", [passed], { to: { int: onnxDataType.bool } });
    });
  },
  tfjs: (tf, inputs, { attributes: { values } }) => inputs.slice(0, values).map((input) => tf.clone(input)),
  widen: { ...widenBfloat16, uint32: "int64", int8: "int32" },
  precision: "unchanged",
  view: true,
});

/** A condition that is false whatever the values are, and that no optimiser can know before they are computed. */
function neverTrue(emit: OnnxEmitter, values: readonly string[]): string {
  const position = (value: number) => emit.constant("int64", [value], [1]);
  const samples = values.map((value) => {
    const flat = emit.node("Reshape", [value, position(-1)]);
    return emit.node("Cast", [emit.node("Slice", [flat, position(0), position(1)])], {
      to: { int: onnxDataType.float32 },
    });
  });
  const all = emit.node("Concat", samples, { axis: { int: 0 } });
  const none = emit.node("Less", [all, emit.constant("float32", [Number.NEGATIVE_INFINITY], [])]);
  const count = emit.node("ReduceSum", [emit.node("Cast", [none], { to: { int: onnxDataType.float32 } })], {
    keepdims: { int: 0 },
  });
  return emit.node("Cast", [count], { to: { int: onnxDataType.bool } });
}

/** Gives `value` a shape that is computed, and then the same one in a way that ONNX Runtime knows it: neither copies. */
function reshapedLate(emit: OnnxEmitter, value: string, shape: Shape, never: string): string {
  const known = emit.dimensions(shape);
  const late = emit.node("Where", [never, emit.constant("int64", [0], [1]), known]);
  return emit.node("Reshape", [emit.node("Reshape", [value, late], { allowzero: { int: 1 } }), known], {
    allowzero: { int: 1 },
  });
}

/** `values` unchanged, but none of them is there before everything in `first` is computed. No pass merges or removes the wait. */
export function after(values: readonly Tensor[], first: readonly Tensor[]): readonly Tensor[] {
  if (values.length === 0 || first.length === 0) return values;
  return record(afterOp, [...values, ...first], { values: values.length });
}

type LateSliceAttributes = { axis: number; start: number; end: number };

/**
 * Inputs: a tensor, of which a slice is taken, then those that must be computed first. In ONNX the place where it ends is computed from
 * these: that costs no copy, as the wait of `after` does. ONNX Runtime then knows no size along the axis either, and so does not plan to
 * keep the memory of what is computed from the slice for something later of the same shape.
 */
export const lateSliceOp = defineOp<LateSliceAttributes>({
  name: "lateSlice",
  infer: ([x], attributes) => sliceOp.infer([x!], attributes),
  vjp: ({ gradient, inputs: [x], attributes: { axis, start, end } }) => [
    pad(gradient, axis, start, (x!.shape[axis] as number) - end),
  ],
  reference: ([x], outputs, { inputs, ...context }) =>
    sliceOp.reference!([x!], outputs, { inputs: [inputs[0]!], ...context }),
  onnx: (emit, [x, ...first], { attributes: { axis, start, end } }) => {
    const position = (value: number) => emit.constant("int64", [value], [1]);
    const last = emit.node("Where", [neverTrue(emit, first), position(start), position(end)]);
    return emit.node("Slice", [x!, position(start), last, position(axis)]);
  },
  tfjs: (tf, [x], { attributes: { axis, start }, outputs }) =>
    tf.slice(x!, Array<number>(x!.rank).fill(0).with(axis, start), [...outputs[0]!.shape]),
  precision: "unchanged",
});

/** Elements `start` to `end` (not included) along `axis`, but not before everything in `first`, of which there is at least one, is computed. */
export function lateSlice(
  x: Tensor,
  { axis, start, end }: { axis: number; start: number; end: number },
  first: readonly Tensor[],
): Tensor {
  return apply(lateSliceOp, [x, ...first], { axis: normalizeAxis("lateSlice", axis, x.shape.length), start, end });
}
