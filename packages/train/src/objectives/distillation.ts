// Learn from what a larger model thinks, not only from the right answers (Hinton et al. 2015), for any objective with logits.
import type { PretrainedModel } from "@llm/model";
import { logSoftmax, stopGradient, type Tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import type { LogitsObjective } from "./logitsObjective.ts";
import type { Objective, SummedLoss } from "./objective.ts";
import { crossEntropySum, targetMask } from "./targets.ts";

/** A model that can be compared with another: by its vocabulary and, where it has them, its labels. */
interface Comparable extends PretrainedModel {
  readonly config: { readonly vocabularySize: number; readonly labels?: readonly string[] };
}

export interface DistillationOptions<Model extends PretrainedModel, B> {
  /** Runs along in each step, with its parameters as they are. */
  readonly teacher: NoInfer<Model>;
  /** What both are asked: `causalLanguageModel`, `maskedLanguageModel(…)`, `sequenceClassification()`, … */
  readonly objective: LogitsObjective<Model, B>;
  /** Both distributions are flattened by it. Default 2. */
  readonly temperature?: number;
  /** Share of the teacher in the loss; the rest is the objective's own cross-entropy. Default 0.5. */
  readonly alpha?: number;
}

/**
 * alpha · temperature² · KL(teacher ‖ student) + (1 - alpha) · cross-entropy, at each place that has a target. Steps and evaluations
 * tell `divergence` (the KL times temperature²) and `crossEntropy`; evaluations also what the objective tells.
 *
 * @throws TrainError for an option that cannot be.
 */
export function distillation<Model extends Comparable, B>({
  teacher,
  objective,
  temperature = 2,
  alpha = 0.5,
}: DistillationOptions<Model, B>): Objective<Model, B> {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new TrainError(`distillation: temperature must be a number above 0, got ${temperature}`);
  }
  if (!(alpha > 0 && alpha <= 1)) {
    throw new TrainError(`distillation: alpha must be above 0 and at most 1, got ${alpha}`);
  }
  const { loss: hardLoss, targets, ...rest } = objective;
  return {
    ...rest,
    name: "distillation",
    settings: { objective: { name: objective.name, ...objective.settings }, temperature, alpha },
    checkModel(model, data) {
      checkTeacher(teacher, model);
      objective.checkModel?.(model, data);
      objective.checkModel?.(teacher, data);
    },
    checkBatch(batch, model) {
      objective.checkBatch?.(batch, model);
      objective.checkBatch?.(batch, teacher);
    },
    loss(model, inputs, key) {
      const student = targets(model, inputs, key);
      const { logits } = targets(teacher, inputs);
      const hard = crossEntropySum(student.logits, student.labels);
      const divergence = divergenceSum(stopGradient(logits), student.logits, { temperature, labels: student.labels });
      // Without a key nothing is differentiated: the objective's own numbers cost no second backward.
      const told: Partial<SummedLoss> = key ? {} : hardLoss(model, inputs);
      return {
        ...told,
        sum: divergence.mul(alpha).add(hard.sum.mul(1 - alpha)),
        count: hard.count,
        metrics: { ...told.metrics, divergence, crossEntropy: hard.sum },
      };
    },
  };
}

/** temperature² · KL(teacher ‖ student) over the places that have a target. */
function divergenceSum(
  teacher: Tensor,
  student: Tensor,
  { temperature, labels }: { temperature: number; labels: Tensor },
): Tensor {
  const [known, learnt] = [teacher, student].map((logits) => logSoftmax(logits.div(temperature), -1)) as [
    Tensor,
    Tensor,
  ];
  const places = known.exp().mul(known.sub(learnt)).sum(-1);
  return places
    .mul(targetMask(labels))
    .sum()
    .mul(temperature ** 2);
}

function checkTeacher(teacher: Comparable, student: Comparable): void {
  const [known, learnt] = [teacher.config, student.config];
  if (known.vocabularySize !== learnt.vocabularySize) {
    throw new TrainError(
      `distillation: the teacher has a vocabulary of ${known.vocabularySize}, the student of ${learnt.vocabularySize} (both must read the same tokens: give the student the teacher's tokenizer)`,
    );
  }
  if (String(known.labels) !== String(learnt.labels)) {
    throw new TrainError(
      `distillation: the teacher's labels are ${known.labels?.join(", ")}, the student's ${learnt.labels?.join(", ")} (give the student the teacher's labels)`,
    );
  }
}
