// Clipping by the norm of all gradients together (Pascanu et al. 2013), as PyTorch's clip_grad_norm_ does, or element by element, as its
// clip_grad_value_ does.
import { constant, sumOfSquares, type Tensor } from "@llm/tensor";
import { mapNamed, type NamedTensors } from "./optimizers/optimizer.ts";

/** Largest global norm of the gradients, or largest absolute value of each element. */
export type GradientClipping = number | { readonly value: number };

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

/** Each element moved into -maximum to maximum. */
export function clipByValue(gradients: NamedTensors, maximum: number): NamedTensors {
  return mapNamed(gradients, (gradient) => gradient.minimum(maximum).maximum(-maximum));
}

/** The gradients, whose global norm is `norm`, clipped as the option says. */
export function clipGradients(
  gradients: NamedTensors,
  norm: Tensor,
  clipping: GradientClipping | undefined,
): NamedTensors {
  if (clipping === undefined) return gradients;
  return typeof clipping === "number"
    ? clipByGlobalNorm(gradients, norm, clipping)
    : clipByValue(gradients, clipping.value);
}
