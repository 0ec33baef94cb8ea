// The record that defines an op in one place, and `record`, which applies one. Lowerings are data or pure functions: no runtime is loaded.
import type { Dimension } from "../dimension.ts";
import type { DType, HostData } from "../dtype.ts";
import { DTypeError } from "../errors.ts";
import { type Attributes, makeNode, type Node, type Program, type Shape, Tensor, type TensorType } from "../graph.ts";
import type { TensorFlow, TensorFlowTensor } from "./tensorFlow.ts";

/** Elements as the reference executor holds them: plain numbers (int64 as float64). */
export type NumberArray = Float32Array | Float64Array | Int32Array | Uint32Array | Int8Array | Uint8Array;

export interface ConcreteType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export interface KernelContext<A extends Attributes> {
  readonly attributes: A;
  readonly inputs: readonly ConcreteType[];
  readonly outputs: readonly ConcreteType[];
  /** The number a dimension stands for in this run. */
  size(dimension: Dimension): number;
}

export interface GradientContext<A extends Attributes> {
  readonly attributes: A;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Gradient of the loss with respect to the first output. */
  readonly gradient: Tensor;
  /** The same for every output; undefined where the loss does not depend on it. */
  readonly gradients: readonly (Tensor | undefined)[];
}

/** Gradient with respect to each input, built from ops; may have the broadcast shape, which is summed back once for all rules. */
export type GradientRule<A extends Attributes> = (context: GradientContext<A>) => readonly (Tensor | undefined)[];

export type OnnxAttribute = number | string | { readonly int: number } | { readonly ints: readonly number[] };

/** What an ONNX lowering writes to. Values are referred to by name. */
export interface OnnxEmitter {
  /** Only ONNX's own ops may be written, for runtimes that do not have ONNX Runtime's `com.microsoft`. */
  readonly standardOps: boolean;
  /** A value waits for others by a shape computed from them, which takes no copy, but on a device a wait of the host for it. */
  readonly waitsByShape: boolean;
  /** Adds a node with one output. A `domain` other than ONNX's own is ONNX Runtime's `com.microsoft`. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    options?: { readonly domain?: "com.microsoft" },
  ): string;
  /** Adds a node with several outputs. */
  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    options?: { readonly domain?: "com.microsoft" },
  ): string[];
  constant(dtype: DType, values: readonly number[] | HostData, shape: readonly number[]): string;
  /** A `Scan` over a body whose inputs are those carried, one row of each that is stacked, and values of this graph; see fused/scan.ts. */
  scan(
    body: Program,
    inputs: readonly string[],
    counts: { readonly carried: number; readonly stacked: number },
  ): readonly string[];
  /** An int64 vector that holds the sizes, computed from the inputs' shapes where they are named. */
  dimensions(shape: Shape): string;
}

export interface OnnxContext<A extends Attributes> {
  readonly attributes: A;
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
}

export type Widening = Readonly<Partial<Record<DType, DType>>>;

/** No arithmetic of ONNX Runtime's CPU provider takes bfloat16: it runs in float32 and rounds what comes out. */
export const widenBfloat16: Widening = { bfloat16: "float32" };
/** For ops that it has for the larger integers only. */
export const widenSmallIntegers: Widening = { ...widenBfloat16, int8: "int32", uint8: "int32", uint32: "int64" };

/**
 * What mixed precision does with an op that it finds in a float32 program (Micikevicius et al. 2018):
 * `"low"` runs it in 16 bits; `"float32"` widens what comes in and keeps the result; `"rounded"` computes in float32 and stores the
 * result in 16 bits; `"follow"` runs in 16 bits where everything computed that comes in is 16 bits, else in float32;
 * `"unchanged"` leaves each input as it comes; `"composed"` puts the op's composition in its place first.
 */
export type PrecisionPolicy = "low" | "float32" | "rounded" | "follow" | "unchanged" | "composed";

/** An ONNX op of the same meaning, or a function that writes nodes and returns the name of each output. */
export type OnnxLowering<A extends Attributes> =
  | { readonly opType: string; readonly domain?: "com.microsoft" }
  | ((emit: OnnxEmitter, inputs: readonly string[], context: OnnxContext<A>) => string | readonly string[]);

/** Names of WebAssembly, but for `"sign"`, which takes several of its instructions. */
export type SimdInstruction =
  | "f32x4.abs"
  | "f32x4.neg"
  | "f32x4.sqrt"
  | "f32x4.add"
  | "f32x4.sub"
  | "f32x4.mul"
  | "f32x4.div"
  | "f32x4.min"
  | "f32x4.max"
  | "sign"
  | "v128.bitselect";

/**
 * How TensorFlow.js runs an op: a function over its own ops, or `"reference"` where it has none of the same meaning; the op's
 * reference kernel then runs on the host. Sizes in the context are those of the run.
 */
export type TfjsLowering<A extends Attributes> =
  | "reference"
  | ((
      tf: TensorFlow,
      inputs: readonly TensorFlowTensor[],
      context: KernelContext<A>,
    ) => TensorFlowTensor | readonly TensorFlowTensor[]);

/** Everything that is known of an op; it is all said here, in one record. */
export interface OpDefinition<A extends Attributes = Attributes> {
  readonly name: string;
  /** Output types; throws a `ShapeError` or `DTypeError` for inputs the op does not take. */
  infer(inputs: readonly TensorType[], attributes: A): TensorType | readonly TensorType[];
  /** The gradient rule; `"zero"` where the derivative is zero or meaningless (comparisons, indices). */
  readonly vjp: GradientRule<A> | "zero";
  /** The meaning of the op: fills `outputs`. Fused ops are given by `compose` instead. */
  reference?(inputs: readonly NumberArray[], outputs: readonly NumberArray[], context: KernelContext<A>): void;
  /** The meaning of a fused op, as a composition of other ops. */
  compose?(inputs: readonly Tensor[], attributes: A): Tensor | readonly Tensor[];
  /**
   * When the op gives back its input: `"sameType"` if the output has the input's dtype and shape, `"always"` if the outputs are the
   * first inputs and the node only told a pass something, else the literal that makes it idle as the left or right operand.
   */
  readonly idle?: "sameType" | "always" | { readonly left?: number; readonly right: number };
  /** What has the same meaning on four float32 in WebAssembly, where there is such: see wasm/simdKernel.ts. */
  readonly simd?: SimdInstruction;
  /** Default `"follow"`. */
  readonly precision?: PrecisionPolicy;
  /** The output is the input's memory under another type: it takes no room of its own. Default false. */
  readonly view?: boolean;
  /** How ONNX Runtime runs it; a fused op without one runs as its composition. */
  readonly onnx?: OnnxLowering<A>;
  /** Dtypes for which ONNX Runtime has no kernel, and the wider dtype in which the op runs there instead. */
  readonly widen?: Widening;
  /**
   * ONNX Runtime's kernels for WebGPU end the process where an input turns out to have no elements though the output has some; sizes
   * known when the program is compiled are the lowering's care. Default false.
   */
  readonly needsElements?: boolean;
  /** Number of an input that may be left out: a tensor of the output's type, to which the result is added. */
  readonly addend?: number;
  /** How TensorFlow.js runs it; a fused op without one runs as its composition. */
  readonly tfjs?: TfjsLowering<A>;
  /** Dtypes for which the ops of TensorFlow.js mean something else, so that the reference kernel runs. */
  readonly tfjsReference?: readonly DType[];
}

type PrimitiveDefinition<A extends Attributes> = OpDefinition<A> &
  Required<Pick<OpDefinition<A>, "reference">> & { readonly onnx: OnnxLowering<A>; readonly tfjs: TfjsLowering<A> };
type FusedDefinition<A extends Attributes> = OpDefinition<A> & Required<Pick<OpDefinition<A>, "compose">>;

/** Defines a primitive. Leaving out a rule or a lowering does not type-check. */
export function defineOp<A extends Attributes = Attributes>(definition: PrimitiveDefinition<A>): OpDefinition<A> {
  return definition;
}

/** Defines a composite that has a closed-form gradient, and a kernel in some runtimes; tests hold both against `compose`. */
export function defineFusedOp<A extends Attributes = Attributes>(definition: FusedDefinition<A>): OpDefinition<A> {
  return definition;
}

/** Whether a node applies this op, whatever its attributes are. */
export function isOp<A extends Attributes>({ op }: Node, wanted: OpDefinition<A>): boolean {
  return (op as unknown) === wanted;
}

function requireTensor(where: string, operand: unknown): void {
  if (operand instanceof Tensor) return;
  const isArray = Array.isArray(operand) || ArrayBuffer.isView(operand);
  const came = isArray ? "an array" : operand === null ? "null" : typeof operand;
  throw new DTypeError(`${where}: expected a tensor, got ${came}${isArray ? " (make one of it with tensor(…))" : ""}`);
}

/** Applies an op: infers the output types and adds a node. */
export function record<A extends Attributes>(
  op: OpDefinition<A>,
  inputs: readonly Tensor[],
  attributes: A,
): readonly Tensor[] {
  for (const input of inputs) requireTensor(op.name, input);
  const types = op.infer(inputs, attributes);
  return makeNode(op as OpDefinition, inputs, attributes, "dtype" in types ? [types] : types).outputs;
}

/** `record` for an op with one output. */
export function apply<A extends Attributes>(op: OpDefinition<A>, inputs: readonly Tensor[], attributes: A): Tensor {
  return record(op, inputs, attributes)[0]!;
}
