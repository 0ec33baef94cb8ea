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

/** The table of an output layer, which reads no ids. */
export class OutputTable extends Embedding {}

/** A table that stands for several of transformers' modules, to which adapters go one by one. */
export class SharedEmbedding extends Embedding {}
