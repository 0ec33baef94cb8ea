// Layer normalisation with weight and bias.
import { layerNorm, type Tensor } from "@llm/tensor";

export class LayerNorm {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly epsilon: number;

  constructor(weight: Tensor, bias: Tensor, epsilon: number) {
    this.weight = weight;
    this.bias = bias;
    this.epsilon = epsilon;
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, { epsilon: this.epsilon });
  }
}
