// Recomputation of activations ("checkpointing", Chen et al. 2016): what a region computes on the way is not kept for the backward
// but computed again there. It is a mark in the graph whose gradient is built from a fresh copy of the region.
import { isFloat } from "./dtype.ts";
import { backpropagate } from "./grad.ts";
import { type Node, nextSerial, type Tensor } from "./graph.ts";
import { literalData, placeholder } from "./ops/create.ts";
import { matmul, matmulOp } from "./ops/matmul.ts";
import { defineOp, isOp, record } from "./ops/op.ts";
import { after } from "./ops/order.ts";
import { rewrite } from "./rewrite.ts";
import { flattenTensors, mapTensors } from "./tree.ts";

type RecomputedAttributes = { outputs: number; arguments: number; keeps: boolean };

/** Inputs: the region's outputs, which pass through; its arguments; what it reads besides, such as parameters. */
export const recomputedOp = defineOp<RecomputedAttributes>({
  name: "recomputed",
  infer: (inputs, { outputs }) => inputs.slice(0, outputs).map(({ dtype, shape }) => ({ dtype, shape })),
  vjp: ({ inputs, gradients, attributes }) => {
    const captured = attributes.outputs + attributes.arguments;
    return [
      ...Array<undefined>(attributes.outputs).fill(undefined),
      ...gradientsOfRegion({
        outputs: inputs.slice(0, attributes.outputs),
        args: inputs.slice(attributes.outputs, captured),
        captured: inputs.slice(captured),
        gradients,
        keeps: attributes.keeps,
      }),
    ];
  },
  reference: (inputs, outputs) => {
    for (const [i, output] of outputs.entries()) output.set(inputs[i]!);
  },
  onnx: (emit, inputs, { attributes: { outputs } }) =>
    inputs.slice(0, outputs).map((input) => emit.node("Identity", [input])),
  tfjs: (tf, inputs, { attributes: { outputs } }) => inputs.slice(0, outputs).map((input) => tf.clone(input)),
  idle: "always",
  precision: "unchanged",
  view: true,
});

interface Region {
  readonly outputs: readonly Tensor[];
  readonly args: readonly Tensor[];
  readonly captured: readonly Tensor[];
  /** With respect to each output. */
  readonly gradients: readonly (Tensor | undefined)[];
  /** Its intermediate values are those of the forward: the copy equals them and is merged with them. */
  readonly keeps: boolean;
}

/**
 * Gradients with respect to the region's arguments and what it captured. The copy waits for the gradient that comes in, so that it
 * does not run with the forward, and the gradients of the arguments wait for the others, so that the copy is done with before the
 * backward goes on.
 */
function gradientsOfRegion({ outputs, args, captured, gradients, keeps }: Region): (Tensor | undefined)[] {
  const inputs = [...args, ...captured];
  const standIns = inputs.map(standInFor);
  const copy = rewrite(outputs, () => undefined, pairs(inputs, standIns));
  const incoming = gradients.filter(isPresent);
  const seeds = gradients.map((gradient) => gradient && standInFor(gradient));
  const found = backpropagate(copy, seeds, standIns);

  // What is derived from parameters alone, such as a part of a weight, would otherwise be kept since the forward.
  const late = keeps ? inputs : after(inputs, incoming);
  const known = pairs([...standIns, ...seeds.filter(isPresent)], [...late, ...incoming]);
  const resolved = mapPresent(found, (present) => rewrite(present, () => undefined, known));
  const [ofArgs, rest] = [resolved.slice(0, args.length), resolved.slice(args.length)];
  const ofCaptured = keeps ? rest.map((gradient) => gradient && productWithoutCopies(gradient)) : rest;
  return [...mapPresent(ofArgs, (present) => after(present, ofCaptured.filter(isPresent))), ...ofCaptured];
}

/** The gradient of a large weight, while what it is made of is still there. */
function productWithoutCopies(gradient: Tensor): Tensor {
  const { node } = gradient;
  if (!isOp(node, matmulOp)) return gradient;
  const [a, b] = node.inputs;
  return matmul(a!, b!, { ...node.attributes, withoutCopies: true });
}

function standInFor({ dtype, shape }: Tensor): Tensor {
  return placeholder("recomputed", dtype, shape);
}

function pairs(from: readonly Tensor[], to: readonly Tensor[]): Map<Tensor, Tensor> {
  return new Map(from.map((tensor, i) => [tensor, to[i]!]));
}

function isPresent(tensor: Tensor | undefined): tensor is Tensor {
  return tensor !== undefined;
}

/** `change` applied to the tensors that are there, all at once. */
function mapPresent(
  tensors: readonly (Tensor | undefined)[],
  change: (present: readonly Tensor[]) => readonly Tensor[],
): (Tensor | undefined)[] {
  const changed = change(tensors.filter(isPresent)).values();
  return tensors.map((tensor) => tensor && changed.next().value);
}

/**
 * The same function, whose intermediate values are not kept for the backward: they are computed again from the arguments when the
 * gradient arrives. Costs one more forward of the function; saves the memory of everything between arguments and results.
 *
 * Pass what the recomputation should start from (activations, random keys) as arguments. Anything else that was recorded before the
 * call, such as parameters, is read where it is.
 *
 * @example
 * for (const block of blocks) x = recompute((x: Tensor) => block.forward(x))(x);
 */
export function recompute<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  return asRegion(fn, false);
}

/**
 * The same function, whose gradients are computed in an order that saves memory at no cost: those of what it reads besides its arguments,
 * such as parameters, before the backward goes on with those of the arguments. What they are made of, for a language model's output layer
 * an array of a number for each token and word, is then not kept until the end.
 *
 * @example
 * const logits = parametersFirst((x: Tensor) => head.forward(x))(x);
 */
export function parametersFirst<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  return asRegion(fn, true);
}

function asRegion<A extends unknown[], R>(fn: (...args: A) => R, keeps: boolean): (...args: A) => R {
  return (...args) => {
    const start = nextSerial();
    const result = fn(...args);
    const outputs = flattenTensors(result).map(({ tensor }) => tensor);
    const given = flattenTensors(args).map(({ tensor }) => tensor);
    if (outputs.length === 0) return result;
    const captured = capturedBy(outputs, new Set(given), start);
    const marked = record(recomputedOp, [...outputs, ...given, ...captured], {
      outputs: outputs.length,
      arguments: given.length,
      keeps,
    });
    return mapTensors(result, (tensor) => marked[outputs.indexOf(tensor)]!);
  };
}

/** The float tensors, other than literals, that were there before the region was recorded and that it reads beside its arguments. */
function capturedBy(outputs: readonly Tensor[], args: ReadonlySet<Tensor>, start: number): Tensor[] {
  const captured = new Set<Tensor>();
  const seen = new Set<Node>();
  const waiting = [...outputs];
  for (let tensor = waiting.pop(); tensor; tensor = waiting.pop()) {
    if (args.has(tensor)) continue;
    if (tensor.node.serial < start) {
      if (isFloat(tensor.dtype) && literalData(tensor) === undefined) captured.add(tensor);
    } else if (!seen.has(tensor.node)) {
      seen.add(tensor.node);
      waiting.push(...tensor.node.inputs);
    }
  }
  return [...captured];
}
