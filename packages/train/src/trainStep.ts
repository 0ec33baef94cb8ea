// A training step as one program: forward, backward, clipping and the optimiser's update. With accumulation, one program adds up
// gradients over micro-batches and another applies them. Mixed precision covers forward and backward, not the update.
import type { CausalLanguageModel, PretrainedModel } from "@llm/model";
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
import { MeanMetrics, type SummedMetrics, summedMetrics } from "./meanMetrics.ts";
import type { Objective } from "./objectives/objective.ts";
import { mapNamed, type NamedTensors, type Optimizer } from "./optimizers/optimizer.ts";
import { disposeTensors, parametersOf, type TrainState, withParameters } from "./trainState.ts";

export interface StepOptions<Model extends PretrainedModel = CausalLanguageModel> {
  readonly objective: Pick<Objective<Model>, "loss">;
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
  /** What the objective prepared. */
  readonly batch: NamedTensors;
  readonly key: RandomKey;
  /** The task of a mixture: its metrics are told under this name. */
  readonly task?: string | undefined;
}

export interface StepResult<Model extends PretrainedModel = CausalLanguageModel> {
  readonly state: TrainState<Model>;
  /** Mean loss over all targets of the step, in nats. */
  readonly loss: number;
  /** Global norm before clipping. */
  readonly gradientNorm: number;
  /** Means over the targets of what the objective tells besides its loss. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Only in float16. */
  readonly lossScaling?: LossScalingReport;
}

interface Accumulated {
  readonly gradients: NamedTensors;
  readonly lossSum: Tensor;
  readonly count: Tensor;
}

interface Applied<Model extends PretrainedModel> {
  readonly state: TrainState<Model>;
  readonly loss: Tensor;
  readonly gradientNorm: Tensor;
}

/** Besides what a program is for, the metrics of its micro-batch. */
interface WithMetrics<R> {
  readonly result: R;
  readonly metrics: SummedMetrics | undefined;
}

/** What forward and backward read. */
type ForwardState<Model extends PretrainedModel> = Pick<TrainState<Model>, "model" | "lossScaling">;

/** Mean loss of a micro-batch, the number of its targets, and the gradients of the mean. */
interface Differentiated {
  readonly mean: Tensor;
  readonly count: Tensor;
  readonly gradients: NamedTensors;
  readonly metrics: SummedMetrics | undefined;
}

export class TrainStep<Model extends PretrainedModel = CausalLanguageModel> {
  readonly #options: StepOptions<Model>;
  readonly #whole: CompiledFunction<
    [TrainState<Model>, NamedTensors, RandomKey, NamedTensors],
    WithMetrics<Applied<Model>>
  >;
  readonly #first: CompiledFunction<[ForwardState<Model>, NamedTensors, RandomKey], WithMetrics<Accumulated>>;
  readonly #next: CompiledFunction<
    [ForwardState<Model>, Accumulated, NamedTensors, RandomKey],
    WithMetrics<Accumulated>
  >;
  readonly #apply: CompiledFunction<[TrainState<Model>, Accumulated, NamedTensors], Applied<Model>>;

  constructor(stepOptions: StepOptions<Model>) {
    this.#options = stepOptions;
    const options = stepOptions.executor ? { executor: stepOptions.executor } : {};
    this.#whole = compile(
      (state, batch, key, scalars) => {
        const { gradients, mean, metrics } = differentiate(state, batch, key, stepOptions);
        const summed = { gradients, lossSum: mean, count: constant(1) };
        return { result: applyGradients(state, summed, scalars, stepOptions), metrics };
      },
      { donate: [0], ...options },
    );
    const accumulate = (state: ForwardState<Model>, batch: NamedTensors, key: RandomKey): WithMetrics<Accumulated> => {
      const { gradients, mean, count, metrics } = differentiate(state, batch, key, stepOptions);
      const summed = mapNamed(gradients, (gradient) => gradient.mul(count));
      return { result: { gradients: summed, lossSum: mean.mul(count), count }, metrics };
    };
    this.#first = compile(accumulate, options);
    this.#next = compile(
      (state, before, batch, key) => {
        const { result, metrics } = accumulate(state, batch, key);
        const { gradients, lossSum, count } = result;
        const summed = mapNamed(before.gradients, (gradient, name) => gradient.add(gradients[name]!));
        return {
          result: { gradients: summed, lossSum: before.lossSum.add(lossSum), count: before.count.add(count) },
          metrics,
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
  initialState(model: Model): TrainState<Model> {
    const { optimizer, precision, lossScaling } = this.#options;
    return {
      model,
      optimizer: optimizer.initialState(parametersOf(model)),
      ...(precision === "float16" && { lossScaling: initialLossScaling(lossScaling) }),
    };
  }

  /** The program of a step with one micro-batch: what `programMemory` tells the memory of. Nothing runs. */
  program(state: TrainState<Model>, { batch, key }: MicroBatch): Program {
    return this.#whole.program(state, batch, key, scalarTensors(this.#options.optimizer.scalars(0, 0)));
  }

  /** Times of the compilation of the whole step, in milliseconds. */
  get compileTimes(): CompileTimes | undefined {
    return this.#whole.times;
  }

  /** One update from one or more micro-batches. `state` is given up; the result holds the new one. */
  async run(
    state: TrainState<Model>,
    microBatches: readonly MicroBatch[],
    step: number,
    learningRate: number,
  ): Promise<StepResult<Model>> {
    // A skipped step is none for the optimiser.
    const skippedBefore = (await state.lossScaling?.skippedSteps?.item()) ?? 0;
    const scalars = scalarTensors(this.#options.optimizer.scalars(step - skippedBefore, learningRate));
    const means = new MeanMetrics();
    const applied = await this.#update(state, microBatches, scalars, means);
    const [loss, gradientNorm] = await Promise.all([applied.loss.item(), applied.gradientNorm.item()]);
    disposeTensors([applied.loss, applied.gradientNorm]);
    const metrics = means.finish();
    const result = { state: applied.state, loss, gradientNorm, ...(metrics && { metrics }) };
    const { lossScaling } = applied.state;
    if (!lossScaling) return result;
    const [scale, skippedSteps] = await Promise.all([lossScaling.scale!.item(), lossScaling.skippedSteps!.item()]);
    return { ...result, lossScaling: { scale, skippedSteps, skipped: skippedSteps > skippedBefore } };
  }

  async #update(
    state: TrainState<Model>,
    [first, ...others]: readonly MicroBatch[],
    scalars: NamedTensors,
    means: MeanMetrics,
  ): Promise<Applied<Model>> {
    const taken = async <R>({ result, metrics }: WithMetrics<R>, task: string | undefined): Promise<R> => {
      await means.add(metrics, task);
      return result;
    };
    const { batch, key, task } = first!;
    if (others.length === 0) return taken(await this.#whole(state, batch, key, scalars), task);
    const { optimizer: _, ...read } = state;
    let summed = await taken(await this.#first(read, batch, key), task);
    for (const { batch, key, task } of others) summed = await taken(await this.#next(read, summed, batch, key), task);
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

function differentiate<Model extends PretrainedModel>(
  { model, lossScaling }: ForwardState<Model>,
  batch: NamedTensors,
  key: RandomKey,
  { objective, precision = "float32", recomputeActivations: recompute = false }: StepOptions<Model>,
): Differentiated {
  const scale = lossScaling?.scale;
  const lossAndGradients = valueAndGrad((model: Model): [Tensor, Tensor, Tensor, SummedMetrics | undefined] => {
    const loss = objective.loss(recompute ? withForwardOptions(model, { recompute }) : model, batch, key);
    const { sum, count } = loss;
    // Dividing the loss instead of the gradients saves a pass over them, and the gradients of a mean do not grow with the batch.
    const mean = sum.div(count.maximum(1));
    return [scale ? mean.mul(scale) : mean, mean, count, summedMetrics(loss)];
  });
  const [[, mean, count, metrics], gradients] = withPrecision(lossAndGradients, precision)(model);
  const named = parametersOf(gradients);
  return { mean, count, metrics, gradients: scale ? mapNamed(named, (gradient) => gradient.div(scale)) : named };
}

function applyGradients<Model extends PretrainedModel>(
  { model, optimizer: state, lossScaling }: TrainState<Model>,
  summed: Accumulated,
  scalars: NamedTensors,
  { optimizer, gradientClipping, lossScaling: scalingOptions }: StepOptions<Model>,
): Applied<Model> {
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
  const next: TrainState<Model> = {
    model: withParameters(model, unlessSkipped(finite, updated.parameters, parameters)),
    optimizer: Object.fromEntries(kinds),
    lossScaling: nextLossScaling(lossScaling, finite, scalingOptions),
  };
  return { state: next, loss, gradientNorm };
}
