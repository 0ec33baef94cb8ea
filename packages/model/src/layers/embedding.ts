// A table of vectors.
import { type Dimension, embedding, type Tensor } from "@llm/tensor";

export class Embedding {
  /** [rows, width] */
  readonly weight: Tensor;

  constructor(weight: Tensor) {
    this.weight = weight;
  }

  /** int32 ids [...] → [..., width] */
  forward(ids: Tensor): Tensor {
    return embedding(this.weight, ids);
  }

  /** The first rows: [count, width]. */
  firstRows(count: Dimension): Tensor {
    return this.weight.slice(0, 0, count);
  }
}

/** A table that no adapter goes to: an output layer, or one that transformers has several copies of. */
export class FixedEmbedding extends Embedding {}
