// What a model is trained for, as a value: how a batch becomes tensors, what is checked, the loss, and what evaluation counts.
import type { Batch, BatchStream } from "@llm/data";
import type { CausalLanguageModel, PretrainedModel } from "@llm/model";
import type { HostArray, RandomKey, Tensor } from "@llm/tensor";
import type { NamedTensors } from "../optimizers/optimizer.ts";

/** One batch as it goes into the program. */
export interface PreparedBatch {
  /**
   * The first axis of each is the batch's: large batches are computed in parts, so many rows at a time. Names and shapes choose the program:
   * sizes that vary from batch to batch are best rounded up to a few.
   */
  readonly inputs: NamedTensors;
  /** Tokens that the model reads, padding left out: what the speed is measured in. */
  readonly tokens: number;
  /** The task of a mixture that the batch belongs to: its metrics are told under this name. */
  readonly task?: string;
}

/** Decides everything random about a batch: the same draw gives the same batch, so that a resumed run repeats one never stopped. */
export interface Draw {
  readonly seed: number;
  /** Different for each batch of a run; with `seed` and a name of the objective's own it is a place of `hostRandomBits`. */
  readonly place: string;
}

/** What the loss of an objective is: scalars that are sums, so that batches of different size weigh as they should. */
export interface SummedLoss {
  /** Sum of the losses over the targets, in nats where they are of classes. */
  readonly sum: Tensor;
  /** How many targets that is. */
  readonly count: Tensor;
  /** Sums over the same targets, told as means with each step and each evaluation. They are computed in every step. */
  readonly metrics?: NamedTensors;
  /** What the objective's scorer reads. Computed in evaluation only. */
  readonly predictions?: NamedTensors;
}

/** Counts over the batches of one evaluation what no sum over targets can tell. */
export interface Scorer<B> {
  add(batch: B, predictions: Readonly<Record<string, HostArray>>): void;
  /** Named numbers over all that was added. */
  result(): Readonly<Record<string, number>>;
}

/** What is known of a stream's data without reading it. */
export type StreamLimits = Pick<BatchStream<unknown>, "vocabularySize">;

/** For models of type `Model` and batches of type `B`. */
export interface Objective<Model extends PretrainedModel = CausalLanguageModel, B = Batch> {
  readonly name: string;
  /** What decides the loss and the batches, as JSON: kept in checkpoints, a run may only be resumed with the same. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Throws a `TrainError` for a model that the objective or the data is not for. Called when a trainer is made. */
  checkModel?(model: Model, data?: StreamLimits): void;
  /**
   * Throws a `TrainError` for a batch the model cannot take. Data in memory is checked before the first step, other batches each
   * before it is used.
   */
  checkBatch?(batch: B, model: Model): void;
  /** The batch as tensors. */
  prepare(batch: B, model: Model, draw: Draw): PreparedBatch;
  /** Recorded as part of the program: sums over the rows it is given, all of a batch or a part. `key` is given in training and absent in evaluation. */
  loss(model: Model, inputs: NamedTensors, key?: RandomKey): SummedLoss;
  /** A fresh scorer for one evaluation. */
  scorer?(): Scorer<B>;
}
