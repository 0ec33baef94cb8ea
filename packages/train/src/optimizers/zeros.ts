// State that starts at zero.
import { type DType, hostArray, lazyTensor, type Shape, type Tensor } from "@llm/tensor";

/** float32 zeros of the parameter's shape. */
export function zerosLike({ shape }: { readonly shape: Shape }): Tensor {
  return zeros(shape, "float32");
}

export function zeros(shape: Shape, dtype: DType): Tensor {
  return lazyTensor(() => hostArray(dtype, elementCount(shape)), { dtype, shape: shape as readonly number[] });
}

/** Numbers in a tensor of a known shape. */
export function elementCount(shape: Shape): number {
  return (shape as readonly number[]).reduce((a, b) => a * b, 1);
}
