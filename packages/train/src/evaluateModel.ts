// What a model is worth by an objective, outside of a training: before it, after it, or for a model from elsewhere.
import type { Batch, BatchStream } from "@llm/data";
import type { CausalLanguageModel, PretrainedModel } from "@llm/model";
import { type Executor, type Precision, precisions } from "@llm/tensor";
import { TrainError } from "./errors.ts";
import { Evaluation, type EvaluationResult } from "./evaluation.ts";
import type { Objective } from "./objectives/objective.ts";

/** Options of `evaluateModel`. */
export interface EvaluateModelOptions<Model extends PretrainedModel, B> {
  readonly objective: Objective<Model, B>;
  /** Held-out batches; without shuffling, so that the last incomplete one counts too. */
  readonly data: BatchStream<B>;
  /** How many batches, from the first on. Default: all of an epoch. */
  readonly batches?: number;
  readonly executor?: Executor;
  /** Of the forward; a `Trainer` evaluates in its own. Default float32. */
  readonly precision?: Precision;
}

/**
 * Mean loss (nats) and metrics on held-out batches: the same numbers that an evaluation of `Trainer` in the same precision tells for the model.
 * @throws TrainError for a model or data that the objective is not for, or data without targets, and for options that cannot work.
 *
 * @example
 * const { loss, metrics } = await evaluateModel(model, { objective: sequenceClassification(), data });
 */
export async function evaluateModel<Model extends PretrainedModel = CausalLanguageModel, B = Batch>(
  model: Model,
  { objective, data, batches = Number.POSITIVE_INFINITY, executor, precision }: EvaluateModelOptions<Model, B>,
): Promise<EvaluationResult> {
  if (!(batches > 0 && (Number.isSafeInteger(batches) || batches === Number.POSITIVE_INFINITY))) {
    throw new TrainError(`evaluateModel: batches must be a whole number above 0 or Infinity, got ${batches}`);
  }
  if (precision !== undefined && !precisions.includes(precision)) {
    throw new TrainError(`evaluateModel: precision must be one of ${precisions.join(", ")}, got ${precision}`);
  }
  objective.checkModel?.(model, data);
  for (const batch of data.inMemory ?? []) objective.checkBatch?.(batch, model);
  const evaluation = new Evaluation(objective, { executor, precision });
  try {
    return await evaluation.run(model, data, batches);
  } finally {
    evaluation.dispose();
  }
}
