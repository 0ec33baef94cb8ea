// The recorded program: `Tensor` is a handle on one output of one node, nodes are immutable data that point at their inputs.
// Nothing here computes; an executor runs a `Program` later.
import type { Dimension } from "./dimension.ts";
import type { DType } from "./dtype.ts";
import type { FluentMethods } from "./fluent.ts";
import type { OpDefinition } from "./ops/op.ts";
import { captureOrigin } from "./origin.ts";
import type { Storage } from "./storage.ts";

/** Sizes of the axes, outermost first; a size may be a name that is bound when a program runs. */
export type Shape = readonly Dimension[];

/** What is known of a tensor before it is computed. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

export type AttributeValue =
  | number
  | string
  | boolean
  | Dimension
  | readonly AttributeValue[]
  | Subprogram
  | ArrayLike<number | bigint>;
export type Attributes = { readonly [name: string]: AttributeValue | undefined };

/** One application of an op. */
export interface Node {
  readonly op: OpDefinition;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly outputs: readonly Tensor[];
  /** Carries the stack of the call that recorded the node; read it with `describeOrigin`. */
  readonly origin: Error | undefined;
  /** Grows from node to node in the order of recording. */
  readonly serial: number;
}

/**
 * A typed array of numbers: either concrete (its elements are stored somewhere) or a value of a program being recorded.
 * Its methods record; `await tensor.data()` computes.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the methods are installed by fluent.ts, which would otherwise form an import cycle with the ops
export class Tensor {
  readonly node: Node;
  readonly index: number;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Where the elements are, once they are known. @internal */
  storage: Storage | undefined;

  /** @internal Use `tensor()`, an op, or a compiled function. */
  constructor(node: Node, index: number, type: TensorType) {
    this.node = node;
    this.index = index;
    this.dtype = type.dtype;
    this.shape = type.shape;
  }

  /** `Tensor float32[2,3]`; what is in it is read with `await data()`. */
  toString(): string {
    return `Tensor ${describeType(this)}`;
  }

  /** What Node prints of it. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Plain JavaScript would compute NaN with it. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint !== "number") return this.toString();
    throw new TypeError(`${this} is no number: use its methods, mul() and less() for * and <, or await item()`);
  }
}

export interface Tensor extends FluentMethods {}

/** A program ready for the passes and for an executor: placeholders in, values out, nodes in an order in which they can run. */
export interface Program {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly nodes: readonly Node[];
}

/** A program as an attribute of a node: what an op repeats. As text it is a number of its own, so two are equal only if the same. */
export class Subprogram {
  static #made = 0;
  readonly program: Program;
  readonly #number = Subprogram.#made++;

  constructor(program: Program) {
    this.program = program;
  }

  toJSON(): string {
    return `program ${this.#number}`;
  }
}

let recorded = 0;

/** Nodes recorded from now on have this serial number or a larger one. */
export function nextSerial(): number {
  return recorded;
}

/** Makes a node from types that are already known; `record` in op.ts infers them. */
export function makeNode(
  op: OpDefinition,
  inputs: readonly Tensor[],
  attributes: Attributes,
  types: readonly TensorType[],
  /** Null for a node that no code of the user's recorded: taking a stack costs more than the node. */
  origin: Error | null | undefined = captureOrigin(),
): Node {
  const outputs: Tensor[] = [];
  const node: Node = { op, inputs, attributes, outputs, origin: origin ?? undefined, serial: recorded++ };
  for (const [index, type] of types.entries()) outputs.push(new Tensor(node, index, type));
  return node;
}

/** A tensor whose elements come from outside the graph: a placeholder, a literal or stored data. */
export function isLeaf(tensor: Tensor): boolean {
  return tensor.storage !== undefined || tensor.node.inputs.length === 0;
}

/** Every node that `outputs` depend on, each after the nodes it depends on. Stored tensors are not looked behind. */
export function topologicalOrder(outputs: readonly Tensor[]): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, "open" | "done">();
  const stack: { node: Node; next: number }[] = [];
  const visit = (tensor: Tensor) => {
    if (tensor.storage === undefined && !state.has(tensor.node)) {
      state.set(tensor.node, "open");
      stack.push({ node: tensor.node, next: 0 });
    }
  };
  for (const output of outputs) {
    visit(output);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const input = top.node.inputs[top.next++];
      if (input) visit(input);
      else {
        state.set(top.node, "done");
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}

export function describeType(type: TensorType): string {
  return `${type.dtype}${describeShape(type.shape)}`;
}

export function describeShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}
