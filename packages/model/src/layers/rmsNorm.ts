// Root mean square normalisation (Zhang and Sennrich 2019).
import { rmsNorm, type Tensor } from "@llm/tensor";

export class RmsNorm {
  readonly weight: Tensor;
  readonly epsilon: number;

  constructor(weight: Tensor, epsilon: number) {
    this.weight = weight;
    this.epsilon = epsilon;
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight, { epsilon: this.epsilon });
  }
}
