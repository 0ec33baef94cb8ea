// Clipping by the norm of all gradients together (Pascanu et al. 2013), as PyTorch's clip_grad_norm_ does.
import { constant, sumOfSquares, type Tensor } from "@llm/tensor";
import { mapNamed, type NamedTensors } from "./optimizers/optimizer.ts";

/** Square root of the sum of squares of all elements. */
export function globalNorm(gradients: NamedTensors): Tensor {
  const squares = Object.values(gradients).map(sumOfSquares);
  return squares.reduce((a, b) => a.add(b)).sqrt();
}

/** Gradients scaled down so that their global norm is at most `maximum`. */
export function clipByGlobalNorm(gradients: NamedTensors, norm: Tensor, maximum: number): NamedTensors {
  const scale = constant(maximum).div(norm.add(1e-6)).minimum(1);
  return mapNamed(gradients, (gradient) => gradient.mul(scale));
}
