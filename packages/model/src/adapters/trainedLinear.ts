// A linear layer that is trained whole beside an adapter and stored with it, such as the head of a task: PEFT's `modules_to_save`.
import type { Tensor } from "@llm/tensor";
import type { FloatLinear } from "../layers/floatLinear.ts";
import type { LinearLayer } from "../layers/linear.ts";

export class TrainedLinear implements LinearLayer {
  readonly modules_to_save: FloatLinear;

  constructor(layer: FloatLinear) {
    this.modules_to_save = layer;
  }

  /** [..., in] → [..., out] */
  forward(x: Tensor): Tensor {
    return this.modules_to_save.forward(x);
  }
}
