// How the elements of each dtype are held by TensorFlow.js, which has float32, int32 and bool.
import type { DType } from "../dtype.ts";
import type { TensorFlow, TensorFlowDType, TensorFlowTensor } from "./tensorFlow.ts";

/** The dtype that holds ours; undefined where none has the range, so that the elements stay on the host. */
export const tfjsDType: Readonly<Record<DType, TensorFlowDType | undefined>> = {
  float32: "float32",
  float16: "float32",
  bfloat16: "float32",
  int32: "int32",
  int8: "int32",
  uint8: "int32",
  bool: "bool",
  uint32: undefined,
  int64: undefined,
};

interface HostNumbers {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** A tensor of TensorFlow.js from numbers, which are copied. */
export function fromHost(tf: TensorFlow, { dtype, shape, data }: HostNumbers): TensorFlowTensor {
  const held = tfjsDType[dtype];
  if (!held) throw new TypeError(`fromHost: TensorFlow.js does not hold ${dtype}`);
  // The pure JavaScript backend keeps the array it is given.
  const copy =
    held === "float32" ? new Float32Array(data) : held === "int32" ? new Int32Array(data) : new Uint8Array(data);
  return tf.tensor(copy, [...shape], held);
}
