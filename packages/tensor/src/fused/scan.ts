// A step repeated over the rows of stacked inputs, as one op (`jax.lax.scan`): many training steps in one run, for executors that
// copy state to their device and back with each run.
import { ShapeError, TensorError } from "../errors.ts";
import { backpropagate } from "../grad.ts";
import { describeType, type Node, nextSerial, Subprogram, Tensor, type TensorType } from "../graph.ts";
import { literalData, placeholder } from "../ops/create.ts";
import { concat, reshape, slice } from "../ops/movement.ts";
import { defineFusedOp, record } from "../ops/op.ts";
import { optimize } from "../optimize.ts";
import { makeProgram } from "../program.ts";
import { rewrite } from "../rewrite.ts";
import { flattenTensors, isContainer, mapTensors } from "../tree.ts";

/** Inputs of the op and of its body: what is carried, then what is stacked (one row of it in the body), then what is captured. */
type ScanAttributes = { body: Subprogram; carried: number; stacked: number; length: number };

export const scanOp = defineFusedOp<ScanAttributes>({
  name: "scan",
  infer: (inputs, attributes) => {
    const { carried, length } = attributes;
    for (const [i, input] of inputs.entries()) {
      const expected = describeType(inputType(i, attributes));
      if (describeType(input) !== expected) {
        throw new ShapeError(`scan: input ${i} must be ${expected}, got ${describeType(input)}`);
      }
    }
    return attributes.body.program.outputs.map(({ dtype, shape }, i) =>
      i < carried ? { dtype, shape } : { dtype, shape: [length, ...shape] },
    );
  },
  precision: "float32",
  compose: unrolled,
  vjp: ({ inputs, attributes, gradients }) => gradientsOfUnrolled(inputs, attributes, gradients),
  onnx: (emit, inputs, { attributes: { body, carried, stacked } }) =>
    emit.scan(body.program, inputs, { carried, stacked }),
});

function inputType(i: number, { body, carried, stacked, length }: ScanAttributes): TensorType {
  const { dtype, shape } = body.program.inputs[i]!;
  return i >= carried && i < carried + stacked ? { dtype, shape: [length, ...shape] } : { dtype, shape };
}

/** The steps one after another, each with nodes of its own. */
function unrolled(inputs: readonly Tensor[], { body, carried, stacked, length }: ScanAttributes): Tensor[] {
  const { program } = body;
  const captured = inputs.slice(carried + stacked);
  const rows: Tensor[][] = [];
  let carry = inputs.slice(0, carried);
  for (let step = 0; step < length; step++) {
    const own = inputs.slice(carried, carried + stacked).map((input) => rowOf(input, step));
    const known = pairs(program.inputs, [...carry, ...own, ...captured]);
    const results = rewrite(program.outputs, () => undefined, known);
    carry = results.slice(0, carried);
    rows.push(results.slice(carried));
  }
  const stackedOutputs = program.outputs.slice(carried).map(({ shape }, i) =>
    concat(
      rows.map((row) => reshape(row[i]!, [1, ...shape])),
      0,
    ),
  );
  return [...carry, ...stackedOutputs];
}

function rowOf(input: Tensor, step: number): Tensor {
  return reshape(slice(input, 0, step, step + 1), input.shape.slice(1));
}

/** Stand-ins end the walk at the inputs: one input may have been computed from another. */
function gradientsOfUnrolled(
  inputs: readonly Tensor[],
  attributes: ScanAttributes,
  gradients: readonly (Tensor | undefined)[],
): (Tensor | undefined)[] {
  const standIns = inputs.map(standInFor);
  const seeds = gradients.map((gradient) => gradient && standInFor(gradient));
  const found = backpropagate(unrolled(standIns, attributes), seeds, standIns);
  const isPresent = (tensor: Tensor | undefined) => tensor !== undefined;
  const known = pairs([...standIns, ...seeds.filter(isPresent)], [...inputs, ...gradients.filter(isPresent)]);
  const resolved = rewrite(found.filter(isPresent), () => undefined, known).values();
  return found.map((gradient) => gradient && resolved.next().value);
}

function standInFor({ dtype, shape }: TensorType): Tensor {
  return placeholder("scan", dtype, shape);
}

function pairs(from: readonly Tensor[], to: readonly Tensor[]): Map<Tensor, Tensor> {
  return new Map(from.map((tensor, i) => [tensor, to[i]!]));
}

/**
 * Runs `step` once for each row of `inputs`, as one op: `step(carry, input)` gets what the step before returned and the next row, and
 * returns the new carry, whose tensors keep their shapes and dtypes, and an output. Gives the last carry and the outputs stacked.
 *
 * `initial` and `inputs` are trees of tensors; those in `inputs` share their first axis, the number of steps K. The onnx executor runs
 * a loop; other executors, and the gradient, run K copies of the step one after another. Throws a `ShapeError` where shapes do not
 * fit, a `TensorError` where `inputs` hold no tensor or the carry changes its structure.
 *
 * @example
 * // Eight training steps in one run: batches of [8, rows, length].
 * const steps = compile((state: State, batches: Tensor) => scan(trainStep, state, batches), { donate: [0] });
 * const [next, losses] = await steps(state, batches);
 */
export function scan<C, X, Y>(step: (carry: C, input: X) => readonly [C, Y], initial: C, inputs: X): [C, Y] {
  const start = nextSerial();
  const carried = flattenTensors(initial).map(({ tensor }) => tensor);
  const stacked = flattenTensors(inputs).map(({ tensor }) => tensor);
  const length = stepsIn(stacked);
  const carryStandIns = carried.map(standInFor);
  const rowStandIns = stacked.map(({ dtype, shape }) => standInFor({ dtype, shape: shape.slice(1) }));
  const replaced = pairs([...carried, ...stacked], [...carryStandIns, ...rowStandIns]);
  const carry = mapTensors(initial, (tensor) => carryStandIns[carried.indexOf(tensor)]!);
  const row = mapTensors(inputs, (tensor) => rowStandIns[stacked.indexOf(tensor)]!);
  const stepped: readonly [C, Y] = step(carry, row);
  if (!Array.isArray(stepped)) {
    throw new TensorError("scan: the step must return [carry, output] (output may be undefined)");
  }
  const [next, output] = stepped;

  const outputs = flattenTensors(output).map(({ tensor }) => tensor);
  const results = [...carriedOn(carry, next, carryStandIns), ...outputs];
  const captured = capturedBy(results, new Set(replaced.values()), start);
  const capturedStandIns = captured.map(standInFor);
  const body = makeProgram(
    [...carryStandIns, ...rowStandIns, ...capturedStandIns],
    rewrite(results, () => undefined, pairs(captured, capturedStandIns)),
  );
  const made = record(scanOp, [...carried, ...stacked, ...captured], {
    body: new Subprogram(optimize(body)),
    carried: carried.length,
    stacked: stacked.length,
    length,
  });
  return [
    mapTensors(initial, (tensor) => made[carried.indexOf(tensor)]!),
    mapTensors(output, (tensor) => made[carried.length + outputs.indexOf(tensor)]!),
  ];
}

function stepsIn(stacked: readonly Tensor[]): number {
  const [first] = stacked;
  if (!first) throw new TensorError("scan: the inputs hold no tensor (their first axis is the number of steps)");
  const length = first.shape[0];
  for (const tensor of stacked) {
    if (typeof length !== "number" || length < 1 || tensor.shape[0] !== length) {
      throw new ShapeError(
        `scan: the first axis of all inputs must be the same number of steps, at least 1; got ${describeType(first)}` +
          `${tensor === first ? "" : ` and ${describeType(tensor)}`}`,
      );
    }
  }
  return length as number;
}

/** What became of each tensor of the carry, found at the same place in what the step returned. */
function carriedOn(carry: unknown, next: unknown, standIns: readonly Tensor[]): Tensor[] {
  const found = new Map<Tensor, Tensor>();
  const visit = (before: unknown, after: unknown, path: string) => {
    if (before instanceof Tensor) {
      const fits = after instanceof Tensor && describeType(after) === describeType(before);
      if (!fits || (found.get(before) ?? after) !== after) {
        const got = after instanceof Tensor ? describeType(after) : typeof after;
        const shared = fits ? " and, at another place, shared" : "";
        throw new ShapeError(
          `scan: the carry at "${path}" is ${describeType(before)}${shared}, the step made ${got} of it (return it with its type)`,
        );
      }
      found.set(before, after);
    } else if (isContainer(before)) {
      for (const [key, child] of Object.entries(before)) {
        visit(
          child,
          isContainer(after) ? (after as Record<string, unknown>)[key] : undefined,
          path ? `${path}.${key}` : key,
        );
      }
    }
  };
  visit(carry, next, "");
  return standIns.map((standIn) => found.get(standIn)!);
}

/** What the step reads beside its arguments: stored tensors, and values that were recorded before it, other than literals. */
function capturedBy(results: readonly Tensor[], own: ReadonlySet<Tensor>, start: number): Tensor[] {
  const captured = new Set<Tensor>();
  const seen = new Set<Node>();
  const waiting = [...results];
  for (let tensor = waiting.pop(); tensor; tensor = waiting.pop()) {
    if (own.has(tensor)) continue;
    if (tensor.storage || (tensor.node.serial < start && literalData(tensor) === undefined)) captured.add(tensor);
    else if (!seen.has(tensor.node)) {
      seen.add(tensor.node);
      waiting.push(...tensor.node.inputs);
    }
  }
  return [...captured];
}
