// Refuses runs that would end the process: some kernels of ONNX Runtime's WebGPU provider write through a null pointer where an input
// has no elements but the output has some.
import { evaluateDimension } from "../../dimension.ts";
import { UnsupportedOpError } from "../../errors.ts";
import type { Node, Program, Shape } from "../../graph.ts";
import { describeOrigin } from "../../origin.ts";
import { isConcrete } from "../../shape.ts";

/** Checks a program before it is compiled, and returns what checks the sizes of a run that its shapes leave open. */
export function checkEmptyInputs(program: Program): (sizes: ReadonlyMap<string, number>) => void {
  const nodes = program.nodes.filter(({ op }) => op.needsElements);
  const isOpen = ({ inputs, outputs }: Node) => ![...inputs, ...outputs].every(({ shape }) => isConcrete(shape));
  const open = nodes.filter(isOpen);
  for (const node of nodes) if (!isOpen(node)) requireElements(node, new Map());
  return (sizes) => {
    for (const node of open) requireElements(node, sizes);
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
