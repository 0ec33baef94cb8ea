// A linear map with a bias.
import type { Tensor } from "@llm/tensor";

/** What a model's attention and feed-forward layers call; quantisation and adapters put other implementations in place. */
export interface LinearLayer {
  forward(x: Tensor): Tensor;
}

/** x weight + bias, the weight stored [in, out] as GPT-2 stores it. */
export class Linear implements LinearLayer {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(weight: Tensor, bias: Tensor) {
    this.weight = weight;
    this.bias = bias;
  }

  /** [in, out] */
  get size(): readonly [number, number] {
    return this.weight.shape as [number, number];
  }

  /** [..., in] → [..., out] */
  forward(x: Tensor): Tensor {
    return x.matmul(this.weight).add(this.bias);
  }
}
