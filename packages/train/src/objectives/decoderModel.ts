// What objectives need of a decoder.
import type { ForwardOptions, PretrainedModel } from "@llm/model";
import type { Tensor } from "@llm/tensor";

/** A decoder that can be trained; those that generate (`Gpt`, `Llama`) are, and a model of one's own that only learns needs no more. */
export interface DecoderModel extends PretrainedModel {
  readonly config: {
    readonly vocabularySize: number;
    /** Longest sequence in tokens. */
    readonly contextLength: number;
    /** Encoders have some. */
    readonly labels?: never;
  };
  /**
   * int32 ids [batch, sequence] → logits [batch, sequence, vocabularySize], of which those at a place depend on the ids up to it. With
   * `positionIds` several texts share a sequence; a model whose batches have none may leave them aside.
   */
  forward(inputIds: Tensor, options?: ForwardOptions): Tensor;
}
