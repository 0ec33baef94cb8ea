// A table of vectors.
import { embedding, type Tensor } from "@llm/tensor";

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
}
