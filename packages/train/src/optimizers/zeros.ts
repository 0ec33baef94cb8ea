// State that starts at zero.
import { hostArray, type Shape, type Tensor, tensor } from "@llm/tensor";

/** float32 zeros of the parameter's shape. */
export function zerosLike({ shape }: { readonly shape: Shape }): Tensor {
  const sizes = shape as readonly number[];
  const count = sizes.reduce((a, b) => a * b, 1);
  return tensor(hostArray("float32", count), { shape: sizes });
}
