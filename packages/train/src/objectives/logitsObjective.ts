// Objectives whose loss is the cross-entropy of some logits: most of them. What they have in common, and what a teacher can be held
// against (distillation.ts).
import type { PretrainedModel } from "@llm/model";
import type { RandomKey, Tensor } from "@llm/tensor";
import type { NamedTensors } from "../optimizers/optimizer.ts";
import type { Objective } from "./objective.ts";
import { correct, crossEntropySum } from "./targets.ts";

/** Logits [..., classes] and labels int32 [...], of which -100 is none. */
export interface Targets {
  readonly logits: Tensor;
  readonly labels: Tensor;
}

/** An objective that tells its logits. */
export interface LogitsObjective<Model extends PretrainedModel, B> extends Objective<Model, B> {
  targets(model: Model, inputs: NamedTensors, key?: RandomKey): Targets;
}

/** What such an objective is made of. */
export interface LogitsObjectiveParts<Model extends PretrainedModel, B> extends Omit<Objective<Model, B>, "loss"> {
  targets: LogitsObjective<Model, B>["targets"];
  /** Whether evaluations tell the share of targets that have the largest logit. Default true. */
  accuracy?: boolean;
  /** What the scorer reads. */
  predictions?(targets: Targets): NamedTensors;
}

/** Adds the loss to the parts. */
export function logitsObjective<Model extends PretrainedModel, B>({
  accuracy = true,
  predictions,
  ...parts
}: LogitsObjectiveParts<Model, B>): LogitsObjective<Model, B> {
  return {
    ...parts,
    loss(model, inputs, key) {
      const targets = parts.targets(model, inputs, key);
      const loss = crossEntropySum(targets.logits, targets.labels);
      if (key) return loss;
      return {
        ...loss,
        ...(accuracy && { metrics: { accuracy: correct(targets.logits, targets.labels).sum() } }),
        ...(predictions && { predictions: predictions(targets) }),
      };
    },
  };
}

/** The options of `forward` that training and evaluation differ in. */
export function randomness(key: RandomKey | undefined): { key?: RandomKey } {
  return key ? { key } : {};
}
