// A linear map with int8 weights, for models that @llm/compress has quantised.
import { quantizedMatmul, type Tensor } from "@llm/tensor";
import type { LinearLayer } from "./linear.ts";

/**
 * x weight · weight_scale + bias: weight int8 [in, out], one scale per output column, x rounded to 8 bits as it comes; the bias may
 * be missing.
 */
export class QuantizedLinear implements LinearLayer {
  readonly weight: Tensor;
  readonly weight_scale: Tensor;
  readonly bias?: Tensor;

  constructor(weight: Tensor, weightScale: Tensor, bias?: Tensor) {
    this.weight = weight;
    this.weight_scale = weightScale;
    if (bias) this.bias = bias;
  }

  /** [in, out] */
  get size(): readonly [number, number] {
    return this.weight.shape as [number, number];
  }

  /** [..., in] → [..., out] */
  forward(x: Tensor): Tensor {
    const product = quantizedMatmul(x, this.weight, this.weight_scale);
    return this.bias ? product.add(this.bias) : product;
  }
}
