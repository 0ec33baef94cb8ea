// A linear map whose weight is stored as PyTorch's nn.Linear stores it.
import type { Tensor } from "@llm/tensor";
import type { LinearLayer } from "./linear.ts";

/** x weightᵀ + bias, the weight stored [out, in]; the bias may be missing. */
export class TransposedLinear implements LinearLayer {
  readonly weight: Tensor;
  readonly bias?: Tensor;

  constructor(weight: Tensor, bias?: Tensor) {
    this.weight = weight;
    if (bias) this.bias = bias;
  }

  /** [in, out] */
  get size(): readonly [number, number] {
    const [outputs, inputs] = this.weight.shape as [number, number];
    return [inputs, outputs];
  }

  /** [..., in] → [..., out] */
  forward(x: Tensor): Tensor {
    const product = x.matmul(this.weight, { transposeB: true });
    return this.bias ? product.add(this.bias) : product;
  }
}
