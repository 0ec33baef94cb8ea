// What the layers of every kind of adapter share: they stand where a linear layer or an embedding stood and hold it.
import type { Tensor } from "@llm/tensor";
import { ModelError } from "../errors.ts";
import { Embedding, OutputTable, SharedEmbedding } from "../layers/embedding.ts";
import { type FloatLinear, isFloatLinear } from "../layers/floatLinear.ts";
import { Linear, type LinearLayer } from "../layers/linear.ts";
import { QuantizedLinear } from "../layers/quantizedLinear.ts";
import { TransposedLinear } from "../layers/transposedLinear.ts";

/** What can be adapted: a layer of floats, or one with int8 weights, whose adapter is in float (QLoRA, Dettmers et al. 2023). */
export type AdaptableLinear = FloatLinear | QuantizedLinear;

export function isAdaptable(part: object): part is AdaptableLinear {
  return isFloatLinear(part) || part instanceof QuantizedLinear;
}

export function isAdaptableEmbedding(part: object): part is Embedding {
  return part instanceof Embedding && !(part instanceof OutputTable || part instanceof SharedEmbedding);
}

/** A layer in the place of `base_layer`. Field names are PEFT's. */
export abstract class AdapterLayer<Base extends AdaptableLinear | Embedding = AdaptableLinear | Embedding> {
  readonly base_layer: Base;

  constructor(base: Base) {
    this.base_layer = base;
  }

  /** [..., in] → [..., out], or ids [...] → [..., width]. */
  abstract forward(x: Tensor): Tensor;

  /** An ordinary layer that computes the same without dropout. Recorded, not computed. */
  abstract merged(): LinearLayer | Embedding;

  /** Throws a `ModelError` where the base's weights are not floats. */
  protected floatBase(wanted: string): FloatLinear {
    if (isFloatLinear(this.base_layer)) return this.base_layer;
    throw new ModelError(
      `adapter: ${wanted} needs float weights, the model is quantised (apply the adapter to the model before it was quantised)`,
    );
  }
}

/** The same kind of layer with other parameters. */
export function withParameters(layer: FloatLinear, weight: Tensor, bias: Tensor | undefined = layer.bias): FloatLinear {
  return layer instanceof TransposedLinear ? new TransposedLinear(weight, bias) : new Linear(weight, bias!);
}
