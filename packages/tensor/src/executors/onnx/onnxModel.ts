// Writes a program as an ONNX model. Fused ops without a lowering become their composition.
import { create, toBinary } from "@bufbuild/protobuf";
import { UnsupportedOpError } from "../../errors.ts";
import type { Node, Program, Tensor, TensorType } from "../../graph.ts";
import { onnxDataType } from "../../ops/onnxDataType.ts";
import { makeProgram } from "../../program.ts";
import { expandFused } from "../../rewrite.ts";
import { GraphEmitter } from "./emitter.ts";
import { ModelProtoSchema, type ValueInfoProto, ValueInfoProtoSchema } from "./onnx_pb.js";

const irVersion = 10n;
const opsetVersion = 21n;

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
 */
export function onnxModel(program: Program): OnnxModel {
  const { nodes, inputs, outputs } = makeProgram(
    program.inputs,
    expandFused(program.outputs, (node) => node.op.onnx !== undefined),
  );
  const emitter = new GraphEmitter();
  const names = new Map<Tensor, string>();
  const inputNames = inputs.map((input, i) => {
    const name = `input.${i}`;
    emitter.bindInput(name, input);
    names.set(
      input,
      input.dtype === "bfloat16" ? emitter.node("Cast", [name], { to: { int: onnxDataType.bfloat16 } }) : name,
    );
    return name;
  });
  const origins = new Map<string, Node>();
  for (const [i, node] of nodes.entries()) {
    emitter.prefix = `${i}_${node.op.name}`;
    origins.set(emitter.prefix, node);
    const results = lower(
      emitter,
      node,
      node.inputs.map((input) => names.get(input)!),
    );
    for (const [k, output] of node.outputs.entries()) names.set(output, results[k]!);
  }
  emitter.prefix = "output";
  const outputNames = outputs.map((output) =>
    output.dtype === "bfloat16"
      ? emitter.node("Cast", [names.get(output)!], { to: { int: onnxDataType.float32 } })
      : emitter.node("Identity", [names.get(output)!]),
  );
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: "@llm/tensor",
    opsetImport: [
      { domain: "", version: opsetVersion },
      { domain: "com.microsoft", version: 1n },
    ],
    graph: {
      name: "program",
      node: emitter.nodeProtos,
      initializer: emitter.initializers,
      input: inputs.map((input, i) => valueInfo(inputNames[i]!, input)),
      output: outputs.map((output, i) => valueInfo(outputNames[i]!, output)),
    },
  });
  return { bytes: toBinary(ModelProtoSchema, model), inputNames, outputNames, origins };
}

function lower(emitter: GraphEmitter, node: Node, inputs: readonly string[]): readonly string[] {
  const { onnx, name } = node.op;
  if (!onnx) throw new UnsupportedOpError(`${name}: the onnx executor has no lowering for it`);
  if (typeof onnx !== "function")
    return [emitter.node(onnx.opType, inputs, {}, onnx.domain ? { domain: onnx.domain } : {})];
  const result = onnx(emitter, inputs, { attributes: node.attributes, inputs: node.inputs, outputs: node.outputs });
  return typeof result === "string" ? [result] : result;
}

function valueInfo(name: string, type: TensorType): ValueInfoProto {
  const elemType = onnxDataType[type.dtype === "bfloat16" ? "float32" : type.dtype];
  const dim = type.shape.map((size) => ({
    value:
      typeof size === "number"
        ? { case: "dimValue" as const, value: BigInt(size) }
        : { case: "dimParam" as const, value: size },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType, shape: { dim } } } },
  });
}
