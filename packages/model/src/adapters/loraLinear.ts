// A linear layer with a low-rank change beside its frozen weight: LoRA (Hu et al. 2021), with the scale of rsLoRA (Kalajdzievski 2023)
// and the decomposition of DoRA (Liu et al. 2024) on demand. Computes what PEFT computes.
//
// r rank
import { dropout, type RandomKey, stopGradient, type Tensor } from "@llm/tensor";
import type { FloatLinear } from "../layers/floatLinear.ts";
import { TransposedLinear } from "../layers/transposedLinear.ts";
import { type AdaptableLinear, AdapterLayer, withParameters } from "./adapterLayer.ts";
import { type LoraSettings, scaleOf } from "./loraSettings.ts";

export interface LoraFactors {
  /** [r, in] */
  readonly down: Tensor;
  /** [out, r] */
  readonly up: Tensor;
  /** DoRA only: the length of each output's weights, [out]. */
  readonly magnitude?: Tensor | undefined;
}

/** base(x) + scale · (x Aᵀ) Bᵀ; with a magnitude m, the weight W + scale · BA is brought to length m for each output. */
export class LoraLinear extends AdapterLayer<AdaptableLinear> {
  readonly lora_A: { readonly weight: Tensor };
  readonly lora_B: { readonly weight: Tensor };
  readonly lora_magnitude_vector?: Tensor;
  readonly settings: LoraSettings;
  /** In training; see adapterDropout.ts. */
  readonly key?: RandomKey;

  constructor(base: AdaptableLinear, factors: LoraFactors, settings: LoraSettings & { key?: RandomKey | undefined }) {
    super(base);
    const { alpha, dropout, useRsLora, key } = settings;
    this.lora_A = { weight: factors.down };
    this.lora_B = { weight: factors.up };
    if (factors.magnitude) this.lora_magnitude_vector = factors.magnitude;
    this.settings = { alpha, dropout, useRsLora };
    if (key) this.key = key;
  }

  get rank(): number {
    return this.lora_A.weight.shape[0] as number;
  }

  get scale(): number {
    return scaleOf(this.rank, this.settings);
  }

  /** The same layer that draws its dropout from `key`. */
  withKey(key: RandomKey): LoraLinear {
    const factors = {
      down: this.lora_A.weight,
      up: this.lora_B.weight,
      magnitude: this.lora_magnitude_vector,
    };
    return new LoraLinear(this.base_layer, factors, { ...this.settings, key });
  }

  forward(x: Tensor): Tensor {
    const kept = dropout(x, this.settings.dropout, this.key);
    const low = kept.matmul(this.lora_A.weight, { transposeB: true }); // [..., r]
    const change = low.mul(this.scale).matmul(this.lora_B.weight, { transposeB: true }); // [..., out]
    const plain = this.base_layer.forward(x);
    if (!this.lora_magnitude_vector) return plain.add(change);
    // PEFT's form: what the base computes stays, and what the new lengths change is added.
    const ratio = this.lengthRatio(); // [out]
    const product = withoutBias(this.floatBase("DoRA"), kept);
    return plain.add(product.mul(ratio.sub(1))).add(change.mul(ratio));
  }

  merged(): FloatLinear {
    const base = this.floatBase("merging");
    const weight = this.changedWeight(base);
    if (!this.lora_magnitude_vector) return withParameters(base, weight);
    const ratio = this.lengthRatio();
    return withParameters(base, weight.mul(isTransposed(base) ? ratio.reshape([-1, 1]) : ratio));
  }

  /** m divided by the length of each output's changed weights: [out]. The length counts as a constant in the backward (section 4.3). */
  private lengthRatio(): Tensor {
    const lengths = stopGradient(weightLengths(this.floatBase("DoRA"), this.changedWeight(this.floatBase("DoRA"))));
    return this.lora_magnitude_vector!.div(lengths);
  }

  /** W + scale · BA, stored as the base stores W. */
  private changedWeight(base: FloatLinear): Tensor {
    const [down, up] = [this.lora_A.weight, this.lora_B.weight.mul(this.scale)];
    const change = isTransposed(base) ? up.matmul(down) : down.matmul(up, { transposeA: true, transposeB: true });
    return base.weight.add(change);
  }
}

function isTransposed(layer: FloatLinear): boolean {
  return layer instanceof TransposedLinear;
}

function withoutBias(layer: FloatLinear, x: Tensor): Tensor {
  return x.matmul(layer.weight, { transposeB: isTransposed(layer) });
}

/** The length of each output's weights, [out]; `weight` is stored as `layer` stores its own. */
export function weightLengths(layer: FloatLinear, weight: Tensor): Tensor {
  return weight
    .square()
    .sum(isTransposed(layer) ? 1 : 0)
    .sqrt();
}
