// Mixed precision (Micikevicius et al. 2018) as a pass: casts are put into a recorded float32 graph, as the record of each op asks.
// Parameters stay float32 and are cast where they are used; the gradients come out in float32 again.
import { DTypeError } from "./errors.ts";
import { isLeaf, makeNode, type Node, type Tensor, type TensorType } from "./graph.ts";
import { cast } from "./ops/elementwise.ts";
import { expandFused, rewrite } from "./rewrite.ts";
import { flattenTensors, mapTensors } from "./tree.ts";

/** In what the costly ops of a program compute. */
export type Precision = "float32" | "float16" | "bfloat16";

/** Every precision there is. */
export const precisions = ["float32", "float16", "bfloat16"] as const satisfies readonly Precision[];

/**
 * The same function with matrix products, and what lies between them, in 16 bits. Arguments and results keep their dtypes.
 * Put it around `valueAndGrad(loss)`, so that the backward is under the policy as well; with float16, scale the loss against underflow.
 *
 * @example
 * const step = compile(withPrecision(valueAndGrad((w: Tensor, x: Tensor) => x.matmul(w).square().mean()), "bfloat16"));
 */
export function withPrecision<A extends unknown[], R>(fn: (...args: A) => R, precision: Precision): (...args: A) => R {
  if (!precisions.includes(precision)) {
    throw new DTypeError(`withPrecision: no precision is named "${precision}" (${precisions.join(", ")})`);
  }
  if (precision === "float32") return fn;
  return (...args) => {
    const result = fn(...args);
    const outputs = flattenTensors(result).map(({ tensor }) => tensor);
    const lowered = lowerPrecision(
      outputs,
      precision,
      flattenTensors(args).map(({ tensor }) => tensor),
    );
    return mapTensors(result, (tensor) => lowered[outputs.indexOf(tensor)]!);
  };
}

/** `outputs` computed from `inputs` with casts to `low` by policy; their own dtypes stay. */
function lowerPrecision(outputs: readonly Tensor[], low: Precision, inputs: readonly Tensor[]): Tensor[] {
  const convert = castOnce();
  const boundary = new Map(inputs.map((input) => [input, input]));
  const rewritten = rewrite(
    expandFused(outputs, ({ op }) => op.precision !== "composed"),
    (node, operands) => {
      const { precision = "follow" } = node.op;
      const target = precision === "unchanged" ? undefined : targetOf(node, operands, low);
      const converted = operands.map((operand, i) =>
        target && node.inputs[i]!.dtype === "float32" ? convert(operand, target) : operand,
      );
      const results = retyped(node, converted);
      return precision === "rounded" ? results.map((result) => roundTo(result, low, convert)) : results;
    },
    boundary,
  );
  return rewritten.map((tensor, i) => convert(tensor, outputs[i]!.dtype));
}

function targetOf(node: Node, operands: readonly Tensor[], low: Precision): Precision {
  const { precision = "follow" } = node.op;
  if (precision === "low") return low;
  if (precision !== "follow") return "float32";
  // Parameters and literals go with what they meet: a bias does not widen the product that it is added to.
  const computed = operands.filter((operand, i) => node.inputs[i]!.dtype === "float32" && !isLeaf(operand));
  return computed.length > 0 && computed.every(({ dtype }) => dtype === low) ? low : "float32";
}

function roundTo(result: Tensor, low: Precision, convert: ReturnType<typeof castOnce>): Tensor {
  return result.dtype === "float32" ? convert(result, low) : result;
}

/** The op applied to operands that may have other dtypes than those it was recorded with. */
function retyped(node: Node, operands: readonly Tensor[]): readonly Tensor[] {
  if (operands.every((operand, i) => operand === node.inputs[i])) return node.outputs;
  const types = node.op.infer(operands, node.attributes) as TensorType | readonly TensorType[];
  return makeNode(node.op, operands, node.attributes, "dtype" in types ? [types] : types, node.origin).outputs;
}

/** A cast that is made once for a tensor and dtype; what was cast from a wider type is not taken for it when cast back. */
function castOnce(): (tensor: Tensor, dtype: Tensor["dtype"]) => Tensor {
  const made = new Map<Tensor, Map<Tensor["dtype"], Tensor>>();
  return (tensor, dtype) => {
    const known = made.get(tensor) ?? new Map<Tensor["dtype"], Tensor>();
    made.set(tensor, known);
    const result = known.get(dtype) ?? cast(tensor, dtype);
    known.set(dtype, result);
    return result;
  };
}
