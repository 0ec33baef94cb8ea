// The name and type of an input or output of an ONNX graph.
import { create } from "@bufbuild/protobuf";
import type { TensorType } from "../../graph.ts";
import { onnxDataType } from "../../ops/onnxDataType.ts";
import { type ValueInfoProto, ValueInfoProtoSchema } from "./onnx_pb.js";

export function valueInfo(name: string, type: TensorType): ValueInfoProto {
  const dim = type.shape.map((size) => ({
    value:
      typeof size === "number"
        ? { case: "dimValue" as const, value: BigInt(size) }
        : { case: "dimParam" as const, value: size },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: onnxDataType[type.dtype], shape: { dim } } } },
  });
}
