// A training step as one program: forward, backward, clipping and the optimiser's update. With accumulation, one program adds up
// gradients over micro-batches and another applies them. Mixed precision covers forward and backward, not the update.
import type { CausalLanguageModel, PretrainedModel } from "@llm/model";
import {
  type CompiledFunction,
  type CompileTimes,
  compile,
  constant,
  defaultExecutor,
  type Executor,
  gradients as gradientsOf,
  type Precision,
  type Program,
  type RandomKey,
  type Tensor,
  tensor,
  withPrecision,
} from "@llm/tensor";
import {
  type Accumulated,
  type Applied,
  applyGradients,
  mapScalars,
  type StepScalars,
  stepNumbers,
  type TrainedState,
  type UpdateOptions,
} from "./applyGradients.ts";
import type { EmaOptions } from "./ema.ts";
import { withForwardOptions } from "./forwardOptions.ts";
import { initialLossScaling, type LossScalingReport } from "./lossScaling.ts";
import { MeanMetrics, type SummedMetrics, summedMetrics } from "./meanMetrics.ts";
import type { Objective } from "./objectives/objective.ts";
import { filterNamed, mapNamed, type NamedTensors, type ParameterPredicate } from "./optimizers/optimizer.ts";
import { zerosLike } from "./optimizers/zeros.ts";
import { passCount, sumOverPasses } from "./passes.ts";
import { disposeTensors, parametersOf, type TrainState, withParameters } from "./trainState.ts";

/** What a training step computes. */
export interface StepOptions<Model extends PretrainedModel = CausalLanguageModel> extends UpdateOptions {
  readonly objective: NoInfer<Pick<Objective<Model>, "loss">>;
  readonly executor: Executor | undefined;
  /** Of forward and backward; the update is float32. Default float32. With float16 the loss is scaled. */
  readonly precision?: Precision | undefined;
  /** Compute what lies inside of the model's blocks again in the backward instead of keeping it. Default false. */
  readonly recomputeActivations?: boolean | undefined;
  /**
   * Rows of a batch that go through the model at a time, inside of one program that adds up their gradients. Fewer take less memory.
   * Default: as many as the executor is fastest with.
   */
  readonly rowsPerPass?: number | undefined;
  /** Which parameters are trained. The others are frozen: no gradient, no state, no update. Default all. */
  readonly trains?: ParameterPredicate | undefined;
  /** Keep a moving average of the trained parameters. Default none. */
  readonly ema?: EmaOptions | undefined;
}

/** A batch whose gradients are added to those of others before the update. */
export interface MicroBatch {
  /** What the objective prepared. */
  readonly batch: NamedTensors;
  readonly key: RandomKey;
  /** The task of a mixture: its metrics are told under this name. */
  readonly task?: string | undefined;
}

/** The state after an update, and the numbers it gave. */
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

/** Besides what a program is for, the metrics of its micro-batch. */
export interface WithMetrics<R> {
  readonly result: R;
  readonly metrics: SummedMetrics | undefined;
}

/** What forward and backward read. */
export type ForwardState<Model extends PretrainedModel> = Pick<TrainState<Model>, "model" | "lossScaling">;

/** Mean loss of a micro-batch, the number of its targets, and the gradients of the mean. */
interface Differentiated {
  readonly mean: Tensor;
  readonly count: Tensor;
  readonly gradients: NamedTensors;
  readonly metrics: SummedMetrics | undefined;
}

/** Forward, backward, clipping and update as one compiled program: what `Trainer` calls, for a loop of your own. */
export class TrainStep<Model extends PretrainedModel = CausalLanguageModel> {
  readonly #options: StepOptions<Model>;
  // The parameters that are trained are also in the model, as the same tensors.
  readonly #whole: CompiledFunction<[TrainedState, Model, NamedTensors, RandomKey, StepScalars], WithMetrics<Applied>>;
  readonly #first: CompiledFunction<[ForwardState<Model>, NamedTensors, RandomKey], WithMetrics<Accumulated>>;
  readonly #next: CompiledFunction<
    [ForwardState<Model>, Accumulated, NamedTensors, RandomKey],
    WithMetrics<Accumulated>
  >;
  readonly #apply: CompiledFunction<[TrainedState, Accumulated, StepScalars], Applied>;

  constructor(stepOptions: StepOptions<Model>) {
    this.#options = stepOptions;
    const options = stepOptions.executor ? { executor: stepOptions.executor } : {};
    this.#whole = compile(
      (state, model, batch, key, scalars) => {
        const { result, metrics } = gradientsOfBatch({ ...state, model }, { batch, key }, stepOptions);
        return { result: applyGradients(state, result, scalars, stepOptions), metrics };
      },
      { donate: [0], ...options },
    );
    this.#first = compile((state, batch, key) => summedGradients(state, { batch, key }, stepOptions), options);
    this.#next = compile(
      (state, before, batch, key) => {
        const { result, metrics } = summedGradients(state, { batch, key }, stepOptions);
        return { result: addGradients(before, result), metrics };
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
    const { optimizer, precision, lossScaling, ema } = this.#options;
    const parameters = this.trainedParameters(model);
    return {
      model,
      optimizer: optimizer.initialState(parameters),
      ...(ema && { average: mapNamed(parameters, zerosLike) }),
      ...(precision === "float16" && { lossScaling: initialLossScaling(lossScaling) }),
    };
  }

  /** Those of the model's parameters that are trained. */
  trainedParameters(model: Model): NamedTensors {
    return filterNamed(parametersOf(model), this.#options.trains ?? (() => true));
  }

  /** The program of a step with one micro-batch: what `programMemory` tells the memory of. Nothing runs. */
  program(state: TrainState<Model>, { batch, key }: MicroBatch): Program {
    return this.#whole.program(this.#trainedState(state), state.model, batch, key, this.#scalars(0, 0));
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
    const scalars = this.#scalars(step - skippedBefore, learningRate);
    const means = new MeanMetrics();
    const applied = await this.#update(state, microBatches, scalars, means);
    const [loss, gradientNorm] = await Promise.all([applied.loss.item(), applied.gradientNorm.item()]);
    disposeTensors([applied.loss, applied.gradientNorm]);
    const metrics = means.finish();
    const { parameters, ...others } = applied.state;
    const next = { ...others, model: withParameters(state.model, parameters) };
    const result = { state: next, loss, gradientNorm, ...(metrics && { metrics }) };
    const { lossScaling } = next;
    if (!lossScaling) return result;
    const [scale, skippedSteps] = await Promise.all([lossScaling.scale!.item(), lossScaling.skippedSteps!.item()]);
    return { ...result, lossScaling: { scale, skippedSteps, skipped: skippedSteps > skippedBefore } };
  }

  async #update(
    state: TrainState<Model>,
    [first, ...others]: readonly MicroBatch[],
    scalars: StepScalars,
    means: MeanMetrics,
  ): Promise<Applied> {
    const taken = async <R>({ result, metrics }: WithMetrics<R>, task: string | undefined): Promise<R> => {
      await means.add(metrics, task);
      return result;
    };
    const { batch, key, task } = first!;
    const trained = this.#trainedState(state);
    if (others.length === 0) return taken(await this.#whole(trained, state.model, batch, key, scalars), task);
    const { model, lossScaling } = state;
    const read = { model, ...(lossScaling && { lossScaling }) };
    let summed = await taken(await this.#first(read, batch, key), task);
    for (const { batch, key, task } of others) summed = await taken(await this.#next(read, summed, batch, key), task);
    return this.#apply(trained, summed, scalars);
  }

  #trainedState({ model, ...others }: TrainState<Model>): TrainedState {
    return { ...others, parameters: this.trainedParameters(model) };
  }

  #scalars(updates: number, learningRate: number): StepScalars {
    return mapScalars(stepNumbers(updates, learningRate, this.#options), (number) => tensor(number));
  }

  /** Frees the compiled programs. */
  dispose(): void {
    for (const compiled of [this.#whole, this.#first, this.#next, this.#apply]) compiled.dispose();
  }
}

/** Gradients of a batch that is a whole step: of the mean loss, so that nothing is left to divide. */
export function gradientsOfBatch<Model extends PretrainedModel>(
  state: ForwardState<Model>,
  { batch, key }: MicroBatch,
  options: StepOptions<Model>,
): WithMetrics<Accumulated> {
  const { gradients, mean, metrics } = differentiate(state, batch, key, options);
  return { result: { gradients, lossSum: mean, count: constant(1) }, metrics };
}

/** Gradients of the summed loss of a micro-batch, to be added to those of others. */
export function summedGradients<Model extends PretrainedModel>(
  state: ForwardState<Model>,
  { batch, key }: MicroBatch,
  options: StepOptions<Model>,
): WithMetrics<Accumulated> {
  const { gradients, mean, count, metrics } = differentiate(state, batch, key, options);
  const summed = mapNamed(gradients, (gradient) => gradient.mul(count));
  return { result: { gradients: summed, lossSum: mean.mul(count), count }, metrics };
}

export function addGradients(before: Accumulated, { gradients, lossSum, count }: Accumulated): Accumulated {
  return {
    gradients: mapNamed(before.gradients, (gradient, name) => gradient.add(gradients[name]!)),
    lossSum: before.lossSum.add(lossSum),
    count: before.count.add(count),
  };
}

function differentiate<Model extends PretrainedModel>(
  { model, lossScaling }: ForwardState<Model>,
  batch: NamedTensors,
  key: RandomKey,
  options: StepOptions<Model>,
): Differentiated {
  const { objective, precision = "float32", recomputeActivations: recompute = false, trains = () => true } = options;
  const { rowsPerPass, executor = defaultExecutor() } = options;
  const scale = lossScaling?.scale;
  const forward = recompute ? (model: Model) => withForwardOptions(model, { recompute }) : (model: Model) => model;
  const compute = (batch: NamedTensors, key: RandomKey, targets?: Tensor) =>
    withPrecision((model: Model): Differentiated => {
      const loss = objective.loss(forward(model), batch, key);
      const { sum, count } = loss;
      // Dividing the loss instead of the gradients saves a pass over them, and the gradients of a mean do not grow with the batch.
      const mean = sum.div((targets ?? count).maximum(1));
      const trained = filterNamed(parametersOf(model), trains);
      const found = gradientsOf(scale ? mean.mul(scale) : mean, Object.values(trained));
      const gradients = Object.fromEntries(Object.keys(trained).map((name, i) => [name, found[i]!]));
      return { mean, count, metrics: summedMetrics(loss), gradients };
    }, precision)(model);
  const passes = passCount(batch, rowsPerPass, executor);
  const result = passes === 1 ? compute(batch, key) : inPasses(passes);
  if (!scale) return result;
  return { ...result, gradients: mapNamed(result.gradients, (gradient) => gradient.div(scale)) };

  function inPasses(passes: number): Differentiated {
    // Of the whole batch only the targets are counted: nothing else of this forward is part of the program.
    const whole = objective.loss(model, batch, key);
    const gradients = filterNamed(parametersOf(model), trains);
    const like = { mean: constant(0), count: whole.count, metrics: summedMetrics(whole), gradients };
    return sumOverPasses(passes, { batch, key, like }, (batch, key) => compute(batch, key, whole.count));
  }
}
