// Reverse-mode differentiation: from the graph of a scalar to the graphs of its gradients. Names no op.
import { isFloat } from "./dtype.ts";
import { DTypeError, ShapeError, TensorError } from "./errors.ts";
import { describeType, type Node, Tensor, topologicalOrder } from "./graph.ts";
import { broadcastTo, sumTo } from "./ops/broadcast.ts";
import { constant } from "./ops/create.ts";
import { add } from "./ops/elementwise.ts";
import { flattenTensors, mapTensors } from "./tree.ts";

/**
 * Gradient of `output` (a float scalar) with respect to each of `inputs`; zeros where `output` does not depend on one.
 * Throws a `TensorError` unless `output` is a tensor, a `ShapeError` unless it is a scalar, a `DTypeError` unless the tensors are floats.
 */
export function gradients(output: Tensor, inputs: readonly Tensor[]): Tensor[] {
  if (!(output instanceof Tensor)) {
    throw new TensorError(
      `gradients: expected the loss as a tensor, got ${typeof output} (return it from the function)`,
    );
  }
  if (output.shape.length !== 0) {
    throw new ShapeError(
      `gradients: expected a scalar to differentiate, got ${describeType(output)} (sum or average it first)`,
    );
  }
  for (const tensor of [output, ...inputs]) {
    if (!isFloat(tensor.dtype)) throw new DTypeError(`gradients: expected float tensors, got ${describeType(tensor)}`);
  }
  const found = backpropagate([output], [constant(1, output.dtype)], inputs);
  return inputs.map((input, i) => found[i] ?? broadcastTo(constant(0, input.dtype), input.shape));
}

/**
 * Gradient with respect to each of `inputs`, given that with respect to each of `outputs`; undefined where there is none to give or
 * nothing depends on the input.
 */
export function backpropagate(
  outputs: readonly Tensor[],
  given: readonly (Tensor | undefined)[],
  inputs: readonly Tensor[],
): (Tensor | undefined)[] {
  const order = topologicalOrder(outputs);
  const needed = nodesBetween(order, inputs);
  const collected = new Map<Tensor, Tensor>();
  const collect = (tensor: Tensor, gradient: Tensor) => {
    const before = collected.get(tensor);
    collected.set(tensor, before ? add(before, gradient) : gradient);
  };
  for (const [i, gradient] of given.entries()) if (gradient) collect(outputs[i]!, gradient);
  for (const node of order.reverse()) {
    if (!needed.has(node) || node.op.vjp === "zero") continue;
    const incoming = node.outputs.map((value) => collected.get(value));
    if (incoming.every((gradient) => gradient === undefined)) continue;
    const gradientsOfInputs = node.op.vjp({
      attributes: node.attributes,
      inputs: node.inputs,
      outputs: node.outputs,
      gradient: incoming[0]!,
      gradients: incoming,
    });
    for (const [i, gradient] of gradientsOfInputs.entries()) {
      const input = node.inputs[i]!;
      if (!gradient || !isFloat(input.dtype)) continue;
      collect(input, sumTo(gradient, input.shape));
    }
  }
  return inputs.map((input) => collected.get(input));
}

/** The nodes through which `inputs` reach the end of `order`. */
function nodesBetween(order: readonly Node[], inputs: readonly Tensor[]): Set<Node> {
  const sources = new Set(inputs);
  const needed = new Set<Node>();
  for (const node of order) {
    if (node.inputs.some((input) => sources.has(input) || needed.has(input.node))) needed.add(node);
  }
  return needed;
}

/** What a function under `valueAndGrad` returns: the loss, or the loss first and anything else behind it. */
export type Differentiable = Tensor | readonly [Tensor, ...unknown[]];

/**
 * Turns a function into one that also returns the gradient of its (first) result with respect to its first argument:
 * a tensor or any tree of tensors, such as a model. The gradients come in the same tree; integer tensors keep their place as zeros.
 *
 * @example
 * const [loss, gradients] = valueAndGrad((w: Tensor, x: Tensor) => x.matmul(w).square().mean())(w, x);
 */
export function valueAndGrad<P, A extends unknown[], R extends Differentiable>(
  fn: (parameters: P, ...rest: A) => R,
): (parameters: P, ...rest: A) => [R, P] {
  return (parameters, ...rest) => {
    const result = fn(parameters, ...rest);
    const loss = (Array.isArray(result) ? result[0] : result) as Tensor;
    const leaves = flattenTensors(parameters).map(({ tensor }) => tensor);
    const floats = leaves.filter((tensor) => isFloat(tensor.dtype));
    const found = new Map(gradients(loss, floats).map((gradient, i) => [floats[i]!, gradient]));
    const zero = (tensor: Tensor) => broadcastTo(constant(0, tensor.dtype), tensor.shape);
    return [result, mapTensors(parameters, (tensor) => found.get(tensor) ?? zero(tensor))];
  };
}
