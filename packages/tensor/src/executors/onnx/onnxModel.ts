// Writes a program as an ONNX model. Fused ops without a lowering become their composition. onnx_pb.js is generated from the
// onnx.proto in the PyPI package onnx 1.23 by `buf generate` with protoc-gen-es (`target=js+dts`); it is not edited by hand.
import { create, toBinary } from "@bufbuild/protobuf";
import type { DType } from "../../dtype.ts";
import { UnsupportedOpError } from "../../errors.ts";
import type { Node, Program, Shape, Tensor, TensorType } from "../../graph.ts";
import { onnxDataType } from "../../ops/onnxDataType.ts";
import { makeProgram } from "../../program.ts";
import { expandFused } from "../../rewrite.ts";
import { isConcrete } from "../../shape.ts";
import { GraphEmitter } from "./emitter.ts";
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "./onnx_pb.js";
import { doneOutput, stopOutput } from "./outputsInPlace.ts";
import { valueInfo } from "./valueInfo.ts";

const irVersion = 10n;
const opsetVersion = 21n;

/** A program as ONNX, with the names of its inputs and outputs in order. */
export interface OnnxModel {
  /** The serialised ModelProto. */
  readonly bytes: Uint8Array;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** The program's node behind each prefix of the names of the model's nodes (`"12_matmul"`). */
  readonly origins: ReadonlyMap<string, Node>;
}

/**
 * The program as an ONNX model (IR 10, opset 21, with ONNX Runtime's contributed ops where a lowering uses them).
 * Inputs and outputs of dtype bfloat16 are float32 at the boundary, since the runtime's JavaScript interface has no bfloat16.
 * With `outputsInPlace` it has the two outputs more that `runInPlace` needs; with `waitsByShape` it copies nothing for `after`.
 */
export function onnxModel(program: Program, { outputsInPlace = false, waitsByShape = false } = {}): OnnxModel {
  const { model, ...rest } = buildOnnxModel(program, { bfloat16As: "float32", waitsByShape });
  if (outputsInPlace) addControlOutputs(model.graph!);
  return { bytes: toBinary(ModelProtoSchema, model), ...rest };
}

/** See outputsInPlace.ts. */
function addControlOutputs({ initializer, node, output }: GraphProto): void {
  const one = "outputsInPlace.one";
  const float = onnxDataType.float32;
  initializer.push(create(TensorProtoSchema, { name: one, dataType: float, floatData: [1] }));
  node.push(create(NodeProtoSchema, { opType: "Identity", input: [one], output: [doneOutput] }));
  node.push(create(NodeProtoSchema, { opType: "SequenceConstruct", input: [one], output: [stopOutput] }));
  const element = valueInfo(doneOutput, { dtype: "float32", shape: [] });
  const sequence = { value: { case: "sequenceType" as const, value: { elemType: element.type! } } };
  // The binding converts outputs in this order.
  output.unshift(create(ValueInfoProtoSchema, { name: stopOutput, type: sequence }));
  output.push(element);
}

export interface OnnxModelOptions {
  /** Default `input.<i>`. Unique, and different from those of the outputs. */
  readonly inputNames?: readonly string[];
  /** Default: whatever the values are called. */
  readonly outputNames?: readonly string[];
  /** Write ONNX's own ops only. Default false. */
  readonly standardOps?: boolean;
  /** What inputs and outputs of dtype bfloat16 are. Default `"bfloat16"`. */
  readonly bfloat16As?: "bfloat16" | "float32";
  /** See `OnnxEmitter`. Default false. */
  readonly waitsByShape?: boolean;
}

/** The model before it is serialised. */
export interface BuiltOnnxModel extends Omit<OnnxModel, "bytes"> {
  readonly model: ModelProto;
}

export function buildOnnxModel(program: Program, options: OnnxModelOptions = {}): BuiltOnnxModel {
  const { standardOps = false, bfloat16As = "bfloat16", waitsByShape = false } = options;
  const { nodes, inputs, outputs } = makeProgram(
    program.inputs,
    expandFused(program.outputs, (node) => node.op.onnx !== undefined),
  );
  const inputNames = options.inputNames ?? inputs.map((_, i) => `input.${i}`);
  const taken = new Set([...inputNames, ...(options.outputNames ?? [])]);
  const emitter = new GraphEmitter({ standardOps, waitsByShape, taken, lowerNodes });
  const names = new Map<Tensor, string>();
  const isConverted = ({ dtype }: Tensor) => dtype === "bfloat16" && bfloat16As === "float32";
  for (const [i, input] of inputs.entries()) {
    const name = inputNames[i]!;
    emitter.bindInput(name, input);
    names.set(input, isConverted(input) ? emitter.node("Cast", [name], { to: { int: onnxDataType.bfloat16 } }) : name);
  }
  const origins = new Map([...lowerNodes(emitter, nodes, names), ...emitter.innerOrigins]);
  emitter.prefix = "output";
  const converted = outputs.map((output) => {
    const name = names.get(output)!;
    return isConverted(output) ? emitter.node("Cast", [name], { to: { int: onnxDataType.float32 } }) : name;
  });
  const values = emitter.results(converted);
  const outputNames = options.outputNames ?? values;
  renameValues(emitter.nodeProtos, new Map(values.map((value, i) => [value, outputNames[i]!])));
  const boundary = (tensor: Tensor) => (isConverted(tensor) ? { ...tensor, dtype: bfloat16As } : tensor);
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: "@llm/tensor",
    opsetImport: [
      { domain: "", version: opsetVersion },
      ...(standardOps ? [] : [{ domain: "com.microsoft", version: 1n }]),
    ],
    graph: {
      name: "program",
      node: emitter.nodeProtos,
      initializer: emitter.initializers,
      input: inputs.map((input, i) => valueInfo(inputNames[i]!, boundary(input))),
      output: outputs.map((output, i) => valueInfo(outputNames[i]!, boundary(output))),
    },
  });
  return { model, inputNames, outputNames, origins };
}

function lowerNodes(emitter: GraphEmitter, nodes: readonly Node[], names: Map<Tensor, string>): Map<string, Node> {
  const origins = new Map<string, Node>();
  for (const [i, node] of nodes.entries()) {
    emitter.prefix = `${emitter.scope}${i}_${node.op.name}`;
    origins.set(emitter.prefix, node);
    const operands = node.inputs.map((input) => names.get(input)!);
    const results = lower(emitter, node, operands);
    for (const [k, output] of node.outputs.entries()) names.set(output, results[k]!);
  }
  return origins;
}

function renameValues(nodes: readonly NodeProto[], names: ReadonlyMap<string, string>): void {
  const renamed = (name: string) => names.get(name) ?? name;
  for (const node of nodes) {
    node.input = node.input.map(renamed);
    node.output = node.output.map(renamed);
    for (const { g } of node.attribute) if (g) renameValues(g.node, names);
  }
}

function lower(emitter: GraphEmitter, node: Node, inputs: readonly string[]): readonly string[] {
  const { onnx, name, widen = {} } = node.op;
  if (!onnx) throw new UnsupportedOpError(`${name}: the onnx executor has no lowering for it`);
  // Some kernels of ONNX Runtime do not take tensors without elements; there is nothing to compute anyway.
  if (node.outputs.every(({ shape }) => shape.includes(0))) {
    return node.outputs.map(({ dtype, shape }) =>
      isConcrete(shape) ? emitter.constant(dtype, [], shape) : emptyOf(emitter, dtype, shape),
    );
  }
  const wider = ({ dtype, shape }: TensorType): TensorType => ({ dtype: widen[dtype] ?? dtype, shape });
  const castTo = (value: string, from: DType, to: DType) =>
    from === to ? value : emitter.node("Cast", [value], { to: { int: onnxDataType[to] } });
  const types = { inputs: node.inputs.map(wider), outputs: node.outputs.map(wider) };
  const operands = inputs.map((input, i) => castTo(input, node.inputs[i]!.dtype, types.inputs[i]!.dtype));
  const results =
    typeof onnx === "function"
      ? onnx(emitter, operands, { attributes: node.attributes, ...types })
      : emitter.node(onnx.opType, operands, {}, onnx.domain ? { domain: onnx.domain } : {});
  const values = typeof results === "string" ? [results] : results;
  return values.map((value, i) => castTo(value, types.outputs[i]!.dtype, node.outputs[i]!.dtype));
}

/** A tensor without elements, some of whose sizes are known only when the model runs. */
function emptyOf(emitter: GraphEmitter, dtype: DType, shape: Shape): string {
  const nothing = emitter.constant(dtype, [], [0]);
  return emitter.node("Reshape", [nothing, emitter.dimensions(shape)], { allowzero: { int: 1 } });
}
