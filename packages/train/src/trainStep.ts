// A training step as one program: forward, backward, clipping and the optimiser's update. With accumulation, one program adds up
// gradients over micro-batches and another applies them. Mixed precision covers forward and backward, not the update.
import type { CausalLanguageModel } from "@llm/model";
import {
  type CompiledFunction,
  type CompileTimes,
  compile,
  constant,
  type Executor,
  type Precision,
  type Program,
  type RandomKey,
  type Tensor,
  tensor,
  valueAndGrad,
  withPrecision,
} from "@llm/tensor";
import { withForwardOptions } from "./forwardOptions.ts";
import { clipByGlobalNorm, globalNorm } from "./gradientClipping.ts";
import {
  allFinite,
  initialLossScaling,
  type LossScalingOptions,
  type LossScalingReport,
  nextLossScaling,
  unlessSkipped,
} from "./lossScaling.ts";
import type { BatchTensors, Objective } from "./objectives/objective.ts";
import { mapNamed, type NamedTensors, type Optimizer } from "./optimizers/optimizer.ts";
import { disposeTensors, parametersOf, type TrainState, withParameters } from "./trainState.ts";

export interface StepOptions {
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  /** Largest global norm of the gradients; undefined for no clipping. */
  readonly gradientClipping: number | undefined;
  readonly executor: Executor | undefined;
  /** Of forward and backward; the update is float32. Default float32. With float16 the loss is scaled. */
  readonly precision?: Precision | undefined;
  readonly lossScaling?: LossScalingOptions | undefined;
  /** Compute what lies inside of the model's blocks again in the backward instead of keeping it. Default false. */
  readonly recomputeActivations?: boolean | undefined;
}

export interface MicroBatch {
  readonly batch: BatchTensors;
  readonly key: RandomKey;
}

export interface StepResult {
  readonly state: TrainState;
  /** Mean loss over all targets of the step, in nats. */
  readonly loss: number;
  /** Global norm before clipping. */
  readonly gradientNorm: number;
  /** Only in float16. */
  readonly lossScaling?: LossScalingReport;
}

interface Accumulated {
  readonly gradients: NamedTensors;
  readonly lossSum: Tensor;
  readonly count: Tensor;
}

interface Applied {
  readonly state: TrainState;
  readonly loss: Tensor;
  readonly gradientNorm: Tensor;
}

/** What forward and backward read. */
type ForwardState = Pick<TrainState, "model" | "lossScaling">;

/** Mean loss of a micro-batch, the number of its targets, and the gradients of the mean. */
interface Differentiated {
  readonly mean: Tensor;
  readonly count: Tensor;
  readonly gradients: NamedTensors;
}

export class TrainStep {
  readonly #options: StepOptions;
  readonly #whole: CompiledFunction<[TrainState, BatchTensors, RandomKey, NamedTensors], Applied>;
  readonly #first: CompiledFunction<[ForwardState, BatchTensors, RandomKey], Accumulated>;
  readonly #next: CompiledFunction<[ForwardState, Accumulated, BatchTensors, RandomKey], Accumulated>;
  readonly #apply: CompiledFunction<[TrainState, Accumulated, NamedTensors], Applied>;

  constructor(stepOptions: StepOptions) {
    this.#options = stepOptions;
    const options = stepOptions.executor ? { executor: stepOptions.executor } : {};
    this.#whole = compile(
      (state, batch, key, scalars) => {
        const { gradients, mean } = differentiate(state, batch, key, stepOptions);
        return applyGradients(state, { gradients, lossSum: mean, count: constant(1) }, scalars, stepOptions);
      },
      { donate: [0], ...options },
    );
    const accumulate = (state: ForwardState, batch: BatchTensors, key: RandomKey): Accumulated => {
      const { gradients, mean, count } = differentiate(state, batch, key, stepOptions);
      return { gradients: mapNamed(gradients, (gradient) => gradient.mul(count)), lossSum: mean.mul(count), count };
    };
    this.#first = compile(accumulate, options);
    this.#next = compile(
      (state, before, batch, key) => {
        const { gradients, lossSum, count } = accumulate(state, batch, key);
        return {
          gradients: mapNamed(before.gradients, (gradient, name) => gradient.add(gradients[name]!)),
          lossSum: before.lossSum.add(lossSum),
          count: before.count.add(count),
        };
      },
      { donate: [1], ...options },
    );
    this.#apply = compile((state, summed, scalars) => applyGradients(state, summed, scalars, stepOptions), {
      donate: [0, 1],
      ...options,
    });
  }

  /** State to start from: fresh state of the optimiser and, in float16, of the loss scaling. */
  initialState(model: CausalLanguageModel): TrainState {
    const { optimizer, precision, lossScaling } = this.#options;
    return {
      model,
      optimizer: optimizer.initialState(parametersOf(model)),
      ...(precision === "float16" && { lossScaling: initialLossScaling(lossScaling) }),
    };
  }

  /** The program of a step with one micro-batch: what `programMemory` tells the memory of. Nothing runs. */
  program(state: TrainState, { batch, key }: MicroBatch): Program {
    return this.#whole.program(state, batch, key, scalarTensors(this.#options.optimizer.scalars(0, 0)));
  }

  /** Times of the compilation of the whole step, in milliseconds. */
  get compileTimes(): CompileTimes | undefined {
    return this.#whole.times;
  }

  /** One update from one or more micro-batches. `state` is given up; the result holds the new one. */
  async run(
    state: TrainState,
    microBatches: readonly MicroBatch[],
    step: number,
    learningRate: number,
  ): Promise<StepResult> {
    // A skipped step is none for the optimiser.
    const skippedBefore = (await state.lossScaling?.skippedSteps?.item()) ?? 0;
    const scalars = scalarTensors(this.#options.optimizer.scalars(step - skippedBefore, learningRate));
    const applied = await this.#update(state, microBatches, scalars);
    const [loss, gradientNorm] = await Promise.all([applied.loss.item(), applied.gradientNorm.item()]);
    disposeTensors([applied.loss, applied.gradientNorm]);
    const result = { state: applied.state, loss, gradientNorm };
    const { lossScaling } = applied.state;
    if (!lossScaling) return result;
    const [scale, skippedSteps] = await Promise.all([lossScaling.scale!.item(), lossScaling.skippedSteps!.item()]);
    return { ...result, lossScaling: { scale, skippedSteps, skipped: skippedSteps > skippedBefore } };
  }

  async #update(state: TrainState, [first, ...others]: readonly MicroBatch[], scalars: NamedTensors): Promise<Applied> {
    if (others.length === 0) return this.#whole(state, first!.batch, first!.key, scalars);
    const { optimizer: _, ...read } = state;
    let summed = await this.#first(read, first!.batch, first!.key);
    for (const { batch, key } of others) summed = await this.#next(read, summed, batch, key);
    return this.#apply(state, summed, scalars);
  }

  /** Frees the compiled programs. */
  dispose(): void {
    for (const compiled of [this.#whole, this.#first, this.#next, this.#apply]) compiled.dispose();
  }
}

function scalarTensors(numbers: Readonly<Record<string, number>>): NamedTensors {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, tensor(value)]));
}

function differentiate(
  { model, lossScaling }: ForwardState,
  batch: BatchTensors,
  key: RandomKey,
  { objective, precision = "float32", recomputeActivations: recompute = false }: StepOptions,
): Differentiated {
  const scale = lossScaling?.scale;
  const lossAndGradients = valueAndGrad((model: CausalLanguageModel): [Tensor, Tensor, Tensor] => {
    const { sum, count } = objective(recompute ? withForwardOptions(model, { recompute }) : model, batch, key);
    // Dividing the loss instead of the gradients saves a pass over them, and the gradients of a mean do not grow with the batch.
    const mean = sum.div(count.maximum(1));
    return [scale ? mean.mul(scale) : mean, mean, count];
  });
  const [[, mean, count], gradients] = withPrecision(lossAndGradients, precision)(model);
  const named = parametersOf(gradients);
  return { mean, count, gradients: scale ? mapNamed(named, (gradient) => gradient.div(scale)) : named };
}

function applyGradients(
  { model, optimizer: state, lossScaling }: TrainState,
  summed: Accumulated,
  scalars: NamedTensors,
  { optimizer, gradientClipping, lossScaling: scalingOptions }: StepOptions,
): Applied {
  const targets = summed.count.maximum(1);
  const means = mapNamed(summed.gradients, (gradient) => gradient.div(targets));
  const gradientNorm = globalNorm(means);
  const gradients = gradientClipping === undefined ? means : clipByGlobalNorm(means, gradientNorm, gradientClipping);
  const parameters = parametersOf(model);
  const updated = optimizer.update({ parameters, gradients, state, scalars });
  const loss = summed.lossSum.div(targets);
  if (!lossScaling) {
    const next = { model: withParameters(model, updated.parameters), optimizer: updated.state };
    return { state: next, loss, gradientNorm };
  }
  const finite = allFinite(gradientNorm);
  const kinds = Object.entries(updated.state).map(
    ([kind, tensors]) => [kind, unlessSkipped(finite, tensors, state[kind]!)] as const,
  );
  const next: TrainState = {
    model: withParameters(model, unlessSkipped(finite, updated.parameters, parameters)),
    optimizer: Object.fromEntries(kinds),
    lossScaling: nextLossScaling(lossScaling, finite, scalingOptions),
  };
  return { state: next, loss, gradientNorm };
}
