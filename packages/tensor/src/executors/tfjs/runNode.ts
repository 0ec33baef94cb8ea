// Computes one node: with its lowering to TensorFlow.js, or with its reference kernel on the host where there is none.
import { type DType, fromNumbers, toNumbers } from "../../dtype.ts";
import { ExecutionError } from "../../errors.ts";
import { describeType, type Node } from "../../graph.ts";
import type { ConcreteType, TfjsLowering } from "../../ops/op.ts";
import type { TensorFlow, TensorFlowTensor } from "../../ops/tensorFlow.ts";
import { fromHost, tfjsDType } from "../../ops/tfjsData.ts";
import { concreteCount } from "../../shape.ts";
import { evaluateNode, kernelContext } from "../kernel.ts";
import { TfjsBuffer } from "./buffer.ts";

/** True if the node runs with its reference kernel: TensorFlow.js lacks the op, or its dtype. */
export function runsOnHost({ op, inputs, outputs }: Node): boolean {
  const dtypes = [...inputs, ...outputs].map(({ dtype }) => dtype);
  return op.tfjs === "reference" || dtypes.some((dtype) => !tfjsDType[dtype] || op.tfjsReference?.includes(dtype));
}

/** The outputs of a node, in new buffers. `sizes` binds the names of dimensions. */
export function runNode(
  tf: TensorFlow,
  node: Node,
  inputs: readonly TfjsBuffer[],
  sizes: ReadonlyMap<string, number>,
): TfjsBuffer[] {
  if (runsOnHost(node)) {
    const elements = inputs.map((input) => input.elements());
    return evaluateNode(node, elements, sizes, "float32").map((output) => TfjsBuffer.fromElements(tf, output));
  }
  const context = kernelContext(node, inputs, sizes);
  const lower = node.op.tfjs as Exclude<TfjsLowering<Node["attributes"]>, "reference">;
  const tensors = tf.tidy(() => {
    // Not all of its ops take tensors without elements.
    if (context.outputs.every(({ shape }) => concreteCount(shape) === 0)) {
      return context.outputs.map(({ dtype, shape }) => fromHost(tf, { dtype, shape, data: [] }));
    }
    const given = inputs.map(({ tensor }) => tensor);
    const results = lower(tf, given, context);
    const list: readonly TensorFlowTensor[] = Array.isArray(results) ? results : [results as TensorFlowTensor];
    return context.outputs.map((type, i) => {
      const settled = settle(tf, requireType(node, list[i], type), type.dtype);
      // What is given back as it came has an owner already.
      return given.includes(settled) ? settled.clone() : settled;
    });
  });
  return tensors.map((tensor, i) => new TfjsBuffer(context.outputs[i]!, tensor));
}

function requireType(node: Node, tensor: TensorFlowTensor | undefined, type: ConcreteType): TensorFlowTensor {
  const held = tfjsDType[type.dtype];
  if (tensor?.dtype === held && tensor?.shape.join() === type.shape.join()) return tensor!;
  throw new ExecutionError(
    `${node.op.name}: TensorFlow.js was to give ${describeType(type)}, it gave ${tensor && `${tensor.dtype}[${tensor.shape}]`}`,
  );
}

/** Elements computed in a wider dtype as those of `dtype`: 16-bit floats rounded, 8-bit integers wrapped. */
function settle(tf: TensorFlow, tensor: TensorFlowTensor, dtype: DType): TensorFlowTensor {
  switch (dtype) {
    case "float16":
    case "bfloat16": {
      // TensorFlow.js has no ops on bits to round with.
      const data = toNumbers(dtype, fromNumbers(dtype, tensor.dataSync()));
      return fromHost(tf, { dtype, shape: tensor.shape, data });
    }
    case "uint8":
      return tf.mod(tensor, tf.scalar(256, "int32"));
    case "int8": {
      const half = tf.scalar(128, "int32");
      return tf.sub(tf.mod(tf.add(tensor, half), tf.scalar(256, "int32")), half);
    }
    default:
      return tensor;
  }
}
