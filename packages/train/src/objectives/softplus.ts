// What losses of probabilities by sigmoid are made of.
import { abs, maximum, type Tensor } from "@llm/tensor";

/** log(1 + exp(x)), which is -log sigmoid(-x). */
export function softplus(x: Tensor): Tensor {
  return maximum(x, 0).add(abs(x).neg().exp().add(1).log());
}
