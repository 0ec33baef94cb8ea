// Says whether a program is legal: what every pass and executor may rely on. On in all tests, off by default for users.
import { TensorError } from "./errors.ts";
import { describeType, type Node, type Program, type Tensor, type TensorType } from "./graph.ts";
import { leafOps } from "./ops/index.ts";

interface Rule {
  readonly name: string;
  readonly holds: (node: Node, known: ReadonlySet<Tensor>) => boolean;
}

const rules: readonly Rule[] = [
  {
    name: "it can run (a placeholder must be one of the program's inputs)",
    holds: (node) => !leafOps.includes(node.op),
  },
  {
    name: "its inputs are program inputs or values of earlier nodes",
    holds: (node, known) => node.inputs.every((input) => known.has(input)),
  },
  {
    name: "its outputs are numbered in order",
    holds: (node) => node.outputs.every((output, i) => output.index === i && output.node === node),
  },
  { name: "its output types are what its op infers", holds: (node) => sameTypes(node.outputs, inferred(node)) },
  { name: "it has a kernel or a composition", holds: (node) => Boolean(node.op.reference ?? node.op.compose) },
  {
    name: "it holds no stored data (close the program first)",
    holds: (node) => node.outputs.every((output) => !output.storage),
  },
];

/** Throws a `TensorError` that names the node and the broken rule. */
export function checkProgram(program: Program): void {
  const known = new Set<Tensor>(program.inputs);
  if (known.size !== program.inputs.length) throw new TensorError("checkProgram: an input is listed twice");
  for (const node of program.nodes) {
    for (const rule of rules) {
      if (!rule.holds(node, known)) {
        const inputs = node.inputs.map(describeType).join(", ");
        throw new TensorError(`checkProgram: ${node.op.name}(${inputs}) breaks the rule that ${rule.name}`);
      }
    }
    for (const output of node.outputs) known.add(output);
  }
  for (const output of program.outputs) {
    if (!known.has(output))
      throw new TensorError(`checkProgram: an output, ${describeType(output)}, is not computed by the program`);
  }
}

function inferred(node: Node): readonly TensorType[] {
  const types = node.op.infer(node.inputs, node.attributes);
  return "dtype" in types ? [types] : types;
}

function sameTypes(a: readonly TensorType[], b: readonly TensorType[]): boolean {
  return a.length === b.length && a.every((type, i) => describeType(type) === describeType(b[i]!));
}
