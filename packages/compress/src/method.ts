// What every compression method is: it says first what it would do and what that saves, then does it.
import type { PretrainedModel } from "@llm/model";

/** One way to make a model smaller. */
export interface CompressionMethod {
  /** As it stands in config.json and tables, for example `"int8-dynamic"`. */
  readonly name: string;
  /**
   * What `apply` would change, from shapes alone.
   * @throws CompressionError for a model that the method does not fit.
   */
  plan(model: PretrainedModel): CompressionPlan;
  /**
   * The compressed model. The given one stays as it is and shares the parameters that are not compressed.
   * @throws CompressionError for a model that the method does not fit.
   */
  apply<M extends PretrainedModel>(model: M): Promise<M>;
}

/** What a method changes in a model and what it leaves. */
export interface CompressionPlan {
  readonly method: string;
  readonly layers: readonly PlannedLayer[];
  /** Parameters that stay as they are, largest first. */
  readonly unchanged: readonly UnchangedParameter[];
  /** Bytes of all parameters. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** A layer that a method would change. */
export interface PlannedLayer {
  /** The layer's place in the model, the prefix of its names in the checkpoint. */
  readonly path: string;
  /** [in, out] */
  readonly shape: readonly [number, number];
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** A parameter that stays as it is. */
export interface UnchangedParameter {
  readonly path: string;
  readonly bytes: number;
}
