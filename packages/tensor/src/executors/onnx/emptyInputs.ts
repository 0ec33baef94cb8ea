// Refuses runs that would end the process: some kernels of ONNX Runtime's WebGPU provider fault where an input has no elements but the
// output has some. Where sizes are known when a program is compiled, the lowering of the op sees to it.
import { evaluateDimension } from "../../dimension.ts";
import { UnsupportedOpError } from "../../errors.ts";
import type { Node, Program, Shape } from "../../graph.ts";
import { describeOrigin } from "../../origin.ts";
import { isConcrete } from "../../shape.ts";

/** What checks the sizes of a run that the program leaves open. */
export function emptyInputsCheck(program: Program): (sizes: ReadonlyMap<string, number>) => void {
  const nodes = program.nodes.filter(
    ({ op, inputs }) => op.needsElements && !inputs.every(({ shape }) => isConcrete(shape)),
  );
  return (sizes) => {
    for (const node of nodes) requireElements(node, sizes);
  };
}

function requireElements(node: Node, sizes: ReadonlyMap<string, number>): void {
  const concrete = (shape: Shape) => shape.map((size) => evaluateDimension(size, sizes));
  if (node.outputs.every(({ shape }) => concrete(shape).includes(0))) return;
  const empty = node.inputs.find(({ shape }) => concrete(shape).includes(0));
  if (!empty) return;
  const place = describeOrigin(node.origin);
  throw new UnsupportedOpError(
    `${node.op.name}: on WebGPU every input needs elements, got ${empty.dtype}[${concrete(empty.shape).join(",")}] ` +
      `(use provider "cpu" for this program)${place ? `\n  recorded at ${place}` : ""}`,
  );
}
