// Runs whose outputs are written where the caller wants them. The binding writes an output into a tensor it is given, but then copies
// every output into a new array, for hundreds of megabytes of gradients a tenth of a step. It converts outputs in order and throws at
// one that is no tensor: a model whose first output is a sequence stops it there, when all others are written.
import type * as Ort from "onnxruntime-node";
import { ExecutionError } from "../../errors.ts";

/** Output that the binding does not convert. */
export const stopOutput = "outputsInPlace.stop";
/** Output of one element, 1: it tells that the run came to its end. */
export const doneOutput = "outputsInPlace.done";

const reasonToStop = "Non tensor type";

/** Runs a model with both outputs above. `outputs` names a tensor for each of the others; they hold the results afterwards. */
export async function runInPlace(
  ort: typeof Ort,
  session: Ort.InferenceSession,
  inputs: Record<string, Ort.Tensor>,
  outputs: Record<string, Ort.Tensor>,
): Promise<Record<string, Ort.Tensor>> {
  const done = new ort.Tensor("float32", new Float32Array(1), []);
  try {
    const converted = await session.run(inputs, { ...outputs, [doneOutput]: done, [stopOutput]: null } as never);
    // A binding that has learnt to convert sequences.
    return { ...outputs, ...converted };
  } catch (error) {
    if (!(error as Error).message.includes(reasonToStop)) throw error;
    if (done.data[0] === 1) return outputs;
    throw new ExecutionError(`onnx executor: the run left its outputs unwritten: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
