// ONNX's numbers for element types (TensorProto.DataType).
import type { DType } from "../dtype.ts";

export const onnxDataType: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  uint32: 12,
  bfloat16: 16,
};
