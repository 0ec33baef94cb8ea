// A program as JSON and back: ops by name, values by number. What an op's outputs are is worked out anew when it is read.
import type { Dimension } from "./dimension.ts";
import { isDType } from "./dtype.ts";
import { FormatError, TensorError } from "./errors.ts";
import { type Attributes, type AttributeValue, makeNode, type Program, Subprogram, type Tensor } from "./graph.ts";
import { placeholder } from "./ops/create.ts";
import type { OpDefinition } from "./ops/op.ts";
import { makeProgram } from "./program.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface TensorJson {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly Dimension[];
}

interface NodeJson {
  readonly op: string;
  /** Values by number: the program's inputs come first, then the outputs of each node in turn. */
  readonly inputs: readonly number[];
  readonly attributes: { readonly [name: string]: Json };
}

export interface ProgramJson {
  readonly inputs: readonly TensorJson[];
  readonly nodes: readonly NodeJson[];
  readonly outputs: readonly number[];
}

/** `names` are those of the inputs. */
export function programToJson(program: Program, names: readonly string[]): ProgramJson {
  const numbers = new Map<Tensor, number>();
  const numbered = (tensor: Tensor) => numbers.set(tensor, numbers.size);
  const numberOf = (tensor: Tensor) => numbers.get(tensor)!;
  program.inputs.forEach(numbered);
  const nodes = program.nodes.map(({ op, inputs, attributes, outputs }): NodeJson => {
    const node = { op: op.name, inputs: inputs.map(numberOf), attributes: attributesToJson(attributes) };
    outputs.forEach(numbered);
    return node;
  });
  const inputs = program.inputs.map(({ dtype, shape }, i) => ({ name: names[i]!, dtype, shape }));
  return { inputs, nodes, outputs: program.outputs.map(numberOf) };
}

/** Reads a program over `ops`. `where` (the file) begins every message of the `FormatError`s it throws. */
export function programFromJson(json: unknown, ops: readonly OpDefinition[], where: string): Program {
  const { inputs, nodes, outputs } = json as ProgramJson;
  if (!Array.isArray(inputs) || !Array.isArray(nodes) || !Array.isArray(outputs)) {
    throw new FormatError(`${where}: "inputs", "nodes" and "outputs" must be lists`);
  }
  const byName = new Map(ops.map((op) => [op.name, op]));
  const values = inputs.map((input, i) => readInput(input, `${where}: input ${i}`));
  const valueAt = (number: unknown, place: string) => {
    const value = typeof number === "number" ? values[number] : undefined;
    if (value) return value;
    throw new FormatError(`${place}: ${JSON.stringify(number)} is no value before it (there are ${values.length})`);
  };
  const program = [...inputs.keys()].map((i) => values[i]!);
  for (const [i, node] of nodes.entries()) {
    const place = `${where}: node ${i} (${node?.op})`;
    const op = byName.get(node?.op);
    if (!op) throw new FormatError(`${place}: there is no such op (pass it in \`ops\` if it is one of your own)`);
    if (!Array.isArray(node.inputs)) throw new FormatError(`${place}: "inputs" must be a list`);
    values.push(
      ...applied(
        op,
        node.inputs.map((number: unknown) => valueAt(number, place)),
        attributesOf(node, ops, place),
        place,
      ),
    );
  }
  return makeProgram(
    program,
    outputs.map((number, i) => valueAt(number, `${where}: output ${i}`)),
  );
}

function readInput(json: TensorJson, place: string): Tensor {
  const { name, dtype, shape } = json ?? {};
  if (typeof name !== "string" || typeof dtype !== "string" || !isDType(dtype) || !Array.isArray(shape)) {
    throw new FormatError(`${place}: expected a name, a dtype and a shape, got ${JSON.stringify(json)}`);
  }
  return guarded(place, () => placeholder(name, dtype, shape));
}

function applied(
  op: OpDefinition,
  inputs: readonly Tensor[],
  attributes: Attributes,
  place: string,
): readonly Tensor[] {
  return guarded(place, () => {
    const types = op.infer(inputs, attributes);
    return makeNode(op, inputs, attributes, "dtype" in types ? [types] : types).outputs;
  });
}

/** A rule that an op or shape breaks is a mistake of the file; so is an attribute of another kind than the op expects. */
function guarded<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TypeError || TensorError.isInstance(error))) throw error;
    throw new FormatError(`${place}: ${error.message.split("\n")[0]}`, { cause: error });
  }
}

const arrayTypes = { Float32Array, Uint16Array, BigInt64Array, Int32Array, Uint32Array, Int8Array, Uint8Array };

function attributesToJson(attributes: Attributes): { [name: string]: Json } {
  const entries = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, valueToJson(value!)]));
}

function attributesOf({ attributes }: NodeJson, ops: readonly OpDefinition[], place: string): Attributes {
  return guarded(place, () => {
    if (typeof attributes !== "object" || attributes === null) throw new FormatError('"attributes" must be an object');
    const entries = Object.entries(attributes).map(([name, value]): [string, AttributeValue] => {
      const inner = (value as { readonly program?: unknown } | null)?.program;
      return [name, inner ? new Subprogram(programFromJson(inner, ops, "its body")) : valueFromJson(value)];
    });
    return Object.fromEntries(entries);
  });
}

/** A value of a kind that JSON may lack: numbers that are not finite, typed arrays, and programs. */
export function valueToJson(value: AttributeValue): Json {
  if (typeof value === "number") {
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { number: Object.is(value, -0) ? "-0" : `${value}` };
  }
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value;
    return { array: value.constructor.name, base64: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
  }
  if (value instanceof Subprogram) {
    const names = value.program.inputs.map(({ node }) => String(node.attributes.name));
    return { program: programToJson(value.program, names) as unknown as Json };
  }
  return Array.isArray(value) ? value.map(valueToJson) : (value as string | boolean);
}

/** What `valueToJson` was given, unless a program; throws a `FormatError` for anything else that it does not make. */
export function valueFromJson(json: Json): AttributeValue {
  if (Array.isArray(json)) return json.map(valueFromJson);
  if (typeof json !== "object" || json === null) return json as number | string | boolean;
  const { number, array, base64 } = json as { [key: string]: Json };
  if (typeof number === "string") return Number(number);
  if (typeof array !== "string" || !Object.hasOwn(arrayTypes, array) || typeof base64 !== "string") {
    throw new FormatError(`expected a number, text or typed array, got ${JSON.stringify(json).slice(0, 80)}`);
  }
  return new arrayTypes[array as keyof typeof arrayTypes](Uint8Array.from(Buffer.from(base64, "base64")).buffer);
}
