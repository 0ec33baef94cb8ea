// A linear map with int8 weights, for models that @llm/compress has quantised.
import { quantizedMatmul, type Tensor } from "@llm/tensor";
import type { LinearLayer } from "./linear.ts";

/** x weight · weight_scale + bias: weight int8 [in, out], one scale per output column; x is rounded to 8 bits as it comes. */
export class QuantizedLinear implements LinearLayer {
  readonly weight: Tensor;
  readonly weight_scale: Tensor;
  readonly bias: Tensor;

  constructor(weight: Tensor, weightScale: Tensor, bias: Tensor) {
    this.weight = weight;
    this.weight_scale = weightScale;
    this.bias = bias;
  }

  /** [..., in] → [..., out] */
  forward(x: Tensor): Tensor {
    return quantizedMatmul(x, this.weight, this.weight_scale).add(this.bias);
  }
}
