// A program as text: one line a node, with its type and the line of user code that recorded it.
import { basename } from "node:path";
import { type Attributes, type AttributeValue, describeType, type Program, Subprogram, type Tensor } from "./graph.ts";
import { describeOrigin } from "./origin.ts";

/**
 * Readable text of a program, the same for equal programs. `origins: true` adds where each node was recorded.
 *
 * @example
 * const step = compile((x: Tensor) => x.exp().sum());
 * console.log(printProgram(step.program(tensor([1, 2]))));
 */
export function printProgram(program: Program, options: { origins?: boolean } = {}): string {
  const names = new Map<Tensor, string>();
  const nameOf = (tensor: Tensor) => {
    if (!names.has(tensor)) names.set(tensor, `%${names.size}`);
    return names.get(tensor)!;
  };
  const inputs = program.inputs.map((input) => {
    const label = input.node.attributes.name;
    return `${nameOf(input)}: ${describeType(input)}${label === undefined ? "" : ` "${label}"`}`;
  });
  const lines = program.nodes.map((node) => {
    const operands = node.inputs.map(nameOf).join(", ");
    const results = node.outputs.map((output) => `${nameOf(output)}: ${describeType(output)}`).join(", ");
    const place = options.origins ? describeOrigin(node.origin) : undefined;
    return `  ${results} = ${node.op.name}(${operands})${describe(node.attributes)}${place ? `  # ${basename(place)}` : ""}`;
  });
  return [`program(${inputs.join(", ")}) {`, ...lines, `  return ${program.outputs.map(nameOf).join(", ")}`, "}"].join(
    "\n",
  );
}

function describe(attributes: Attributes): string {
  const parts = Object.entries(attributes)
    .filter(([name, value]) => value !== undefined && name !== "dtype" && name !== "shape")
    .map(([name, value]) => `${name}=${describeValue(value!)}`);
  return parts.length === 0 ? "" : ` ${parts.join(" ")}`;
}

function describeValue(value: AttributeValue): string {
  if (value instanceof Subprogram) return printProgram(value.program).replaceAll("\n", "\n  ");
  return ArrayBuffer.isView(value) ? shortened(value as never) : JSON.stringify(value);
}

function shortened(data: ArrayLike<number | bigint>): string {
  const shown = Array.from({ length: Math.min(data.length, 4) }, (_, i) => String(data[i]));
  return `[${shown.join(",")}${data.length > 4 ? `,…${data.length}` : ""}]`;
}
