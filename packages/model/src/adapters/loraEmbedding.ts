// A table of vectors with a low-rank change beside it: LoRA (Hu et al. 2021) as PEFT has it for embeddings, without dropout.
//
// r rank
import { type Dimension, embedding, type Tensor } from "@llm/tensor";
import { Embedding } from "../layers/embedding.ts";
import { AdapterLayer } from "./adapterLayer.ts";
import { type LoraSettings, scaleOf } from "./loraSettings.ts";

export interface EmbeddingFactors {
  /** [r, rows] */
  readonly down: Tensor;
  /** [width, r] */
  readonly up: Tensor;
}

/** base(ids) + scale · Aᵀ[ids] Bᵀ. An output layer tied to the table reads the base's: the change is of what goes in alone. */
export class LoraEmbedding extends AdapterLayer<Embedding> {
  readonly lora_embedding_A: Tensor;
  readonly lora_embedding_B: Tensor;
  readonly settings: LoraSettings;
  /** The adapter's file holds the base's table as well, as PEFT writes it: it may have other rows than the model's. */
  readonly storesBase: boolean;

  constructor(
    base: Embedding,
    { down, up }: EmbeddingFactors,
    { alpha, dropout, useRsLora, storesBase = false }: LoraSettings & { storesBase?: boolean },
  ) {
    super(base);
    this.lora_embedding_A = down;
    this.lora_embedding_B = up;
    this.settings = { alpha, dropout, useRsLora };
    this.storesBase = storesBase;
  }

  get rank(): number {
    return this.lora_embedding_A.shape[0] as number;
  }

  /** [rows, width], without the change. */
  get weight(): Tensor {
    return this.base_layer.weight;
  }

  forward(ids: Tensor): Tensor {
    return this.base_layer.forward(ids).add(this.change(embedding(this.lora_embedding_A.transpose([1, 0]), ids)));
  }

  firstRows(count: Dimension): Tensor {
    return this.base_layer
      .firstRows(count)
      .add(this.change(this.lora_embedding_A.transpose([1, 0]).slice(0, 0, count)));
  }

  merged(): Embedding {
    return new Embedding(this.weight.add(this.change(this.lora_embedding_A.transpose([1, 0]))));
  }

  /** [..., r] → [..., width] */
  private change(low: Tensor): Tensor {
    return low.mul(scaleOf(this.rank, this.settings)).matmul(this.lora_embedding_B, { transposeB: true });
  }
}
