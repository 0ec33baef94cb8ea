// A linear layer with a learned factor for each output or each input: (IA)³ (Liu et al. 2022). Computes what PEFT computes.
import type { Tensor } from "@llm/tensor";
import type { FloatLinear } from "../layers/floatLinear.ts";
import { TransposedLinear } from "../layers/transposedLinear.ts";
import { type AdaptableLinear, AdapterLayer, withParameters } from "./adapterLayer.ts";

/** base(x) · l, or base(x · l) in a feed-forward layer. */
export class Ia3Linear extends AdapterLayer<AdaptableLinear> {
  /** [out, 1]; [1, in] where the inputs are scaled. */
  readonly ia3_l: Tensor;
  readonly scalesInputs: boolean;

  constructor(base: AdaptableLinear, factors: Tensor, { scalesInputs }: { scalesInputs: boolean }) {
    super(base);
    this.ia3_l = factors;
    this.scalesInputs = scalesInputs;
  }

  forward(x: Tensor): Tensor {
    const factors = this.ia3_l.reshape([-1]);
    return this.scalesInputs ? this.base_layer.forward(x.mul(factors)) : this.base_layer.forward(x).mul(factors);
  }

  merged(): FloatLinear {
    const base = this.floatBase("merging");
    const turned = base instanceof TransposedLinear; // [out, in], as the factors are
    const weight = base.weight.mul(turned ? this.ia3_l : this.ia3_l.transpose([1, 0]));
    if (this.scalesInputs || !base.bias) return withParameters(base, weight);
    return withParameters(base, weight, base.bias.mul(this.ia3_l.reshape([-1])));
  }
}
