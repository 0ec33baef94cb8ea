// State that starts at zero.
import { hostArray, lazyTensor, type Shape, type Tensor } from "@llm/tensor";

/** float32 zeros of the parameter's shape. */
export function zerosLike({ shape }: { readonly shape: Shape }): Tensor {
  const sizes = shape as readonly number[];
  const count = sizes.reduce((a, b) => a * b, 1);
  return lazyTensor(() => hostArray("float32", count), { dtype: "float32", shape: sizes });
}
