// A layer that is trained whole beside an adapter and stored with it, such as the head of a task or the table of a vocabulary that
// grew: PEFT's `modules_to_save`.
import type { Dimension, Tensor } from "@llm/tensor";
import { Embedding, OutputTable, SharedEmbedding } from "../layers/embedding.ts";
import { type FloatLinear, isFloatLinear } from "../layers/floatLinear.ts";
import { withParameters } from "./adapterLayer.ts";

export type TrainableLayer = FloatLinear | Embedding;

export function isTrainable(part: object): part is TrainableLayer {
  return isFloatLinear(part) || (part instanceof Embedding && !(part instanceof SharedEmbedding));
}

export class TrainedLayer<Layer extends TrainableLayer = TrainableLayer> {
  readonly modules_to_save: Layer;

  constructor(layer: Layer) {
    this.modules_to_save = layer;
  }

  /** [..., in] → [..., out], or ids [...] → [..., width]. */
  forward(x: Tensor): Tensor {
    return this.modules_to_save.forward(x);
  }
}

/** An embedding, or an output layer's table. */
export class TrainedEmbedding extends TrainedLayer<Embedding> {
  get weight(): Tensor {
    return this.modules_to_save.weight;
  }

  firstRows(count: Dimension): Tensor {
    return this.modules_to_save.firstRows(count);
  }
}

export function trainedLayer(layer: TrainableLayer): TrainedLayer {
  return layer instanceof Embedding ? new TrainedEmbedding(layer) : new TrainedLayer(layer);
}

/** The same kind of layer with other parameters. */
export function withWeights(layer: TrainableLayer, weight: Tensor, bias: Tensor | undefined): TrainableLayer {
  if (!(layer instanceof Embedding)) return withParameters(layer, weight, bias);
  return layer instanceof OutputTable ? new OutputTable(weight) : new Embedding(weight);
}
