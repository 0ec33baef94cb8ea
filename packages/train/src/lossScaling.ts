// Dynamic loss scaling (Micikevicius et al. 2018), with the rule of PyTorch's GradScaler: the loss is multiplied so that small
// gradients do not vanish in float16; where they overflow, the update is skipped and the scale halved.
import { constant, less, type Tensor, tensor, where } from "@llm/tensor";
import { mapNamed, type NamedTensors } from "./optimizers/optimizer.ts";

export interface LossScalingOptions {
  /** What the loss is multiplied with at the start. Default 2^16. */
  initialScale?: number;
  /** The scale doubles after so many updates in a row. Default 2000. */
  growthInterval?: number;
}

/** How the loss scaling of a step went. */
export interface LossScalingReport {
  /** The scale of the next step. */
  readonly scale: number;
  /** True if this step's gradients overflowed, so that no weight changed. */
  readonly skipped: boolean;
  /** Steps skipped so far. */
  readonly skippedSteps: number;
}

/** float32 `scale`, int32 `goodSteps` (updates since the scale last changed) and int32 `skippedSteps`. */
export function initialLossScaling({ initialScale = 2 ** 16 }: LossScalingOptions = {}): NamedTensors {
  return {
    scale: tensor(initialScale),
    goodSteps: tensor(0, { dtype: "int32" }),
    skippedSteps: tensor(0, { dtype: "int32" }),
  };
}

/** False if any gradient overflowed: their norm is then infinite or NaN. */
export function allFinite(gradientNorm: Tensor): Tensor {
  return less(gradientNorm, Number.POSITIVE_INFINITY);
}

/** The loss scaling after a step whose gradients were `finite` (bool scalar). */
export function nextLossScaling(
  { scale, goodSteps, skippedSteps }: NamedTensors,
  finite: Tensor,
  { growthInterval = 2000 }: LossScalingOptions = {},
): NamedTensors {
  const good = where(finite, goodSteps!.add(1), 0);
  const grows = less(growthInterval - 1, good);
  return {
    scale: where(finite, where(grows, scale!.mul(2), scale!), scale!.mul(0.5)),
    goodSteps: where(grows, constant(0, "int32"), good),
    skippedSteps: where(finite, skippedSteps!, skippedSteps!.add(1)),
  };
}

/** `updated` where the gradients were finite, `before` where the step is skipped. */
export function unlessSkipped(finite: Tensor, updated: NamedTensors, before: NamedTensors): NamedTensors {
  return mapNamed(updated, (value, name) => where(finite, value, before[name]!));
}
