// Several training steps as one run of the executor: a loop inside of the program, for executors that copy the state to their device
// and back with each run.
import type { CausalLanguageModel, PretrainedModel } from "@llm/model";
import { type CompiledFunction, compile, constant, scan, type Tensor, tensor } from "@llm/tensor";
import {
  type Accumulated,
  applyGradients,
  mapScalars,
  type StepScalars,
  stepNumbers,
  type TrainedState,
} from "./applyGradients.ts";
import { MeanMetrics, type SummedMetrics } from "./meanMetrics.ts";
import { mapNamed, type NamedTensors } from "./optimizers/optimizer.ts";
import { areAlike, stackTrees } from "./stackTrees.ts";
import { disposeTensors, type TrainState, withParameters } from "./trainState.ts";
import {
  addGradients,
  type ForwardState,
  gradientsOfBatch,
  type MicroBatch,
  type StepOptions,
  type StepResult,
  summedGradients,
  type TrainStep,
  type WithMetrics,
} from "./trainStep.ts";

/** What a step of a run is told by; `state` is that after the whole run. */
export type StepNumbers = Omit<StepResult, "state">;

/** The micro-batches of each step. */
type Updates = readonly (readonly MicroBatch[])[];

export interface MadeSteps<Model extends PretrainedModel> {
  readonly state: TrainState<Model>;
  readonly results: StepNumbers[];
}

/** A micro-batch without its task. */
type Inputs = Pick<MicroBatch, "batch" | "key">;

interface StepInputs {
  /** One, or several stacked along the first axis of each tensor. */
  readonly inputs: Inputs;
  /** With loss scaling vectors: by how many steps of this run were skipped before. */
  readonly scalars: StepScalars;
}

/** Of one step in the loop, of all steps stacked outside of it. */
interface StepOutputs {
  readonly loss: Tensor;
  readonly gradientNorm: Tensor;
  readonly metrics: SummedMetrics | undefined;
  readonly scale: Tensor | undefined;
  readonly skippedSteps: Tensor | undefined;
}

/** One step that is a run. */
export async function runOneStep<Model extends PretrainedModel>(
  trainStep: TrainStep<Model>,
  ...run: Parameters<TrainStep<Model>["run"]>
): Promise<MadeSteps<Model>> {
  const { state, ...result } = await trainStep.run(...run);
  return { state, results: [result] };
}

export class StepsInOneRun<Model extends PretrainedModel = CausalLanguageModel> {
  readonly #options: StepOptions<Model>;
  readonly #oneStep: TrainStep<Model>;
  readonly #steps: CompiledFunction<
    [TrainedState, Model, readonly (readonly Inputs[])[], StepScalars, Tensor],
    [TrainedState, StepOutputs]
  >;

  /** `oneStep` has the same options; it makes the steps whose own micro-batches differ in shape. */
  constructor(options: StepOptions<Model>, oneStep: TrainStep<Model>) {
    this.#options = options;
    this.#oneStep = oneStep;
    this.#steps = compile(
      (state, model, updates, scalars, skippedBefore) => {
        const microBatches = updates[0]!.length;
        const inputs = stackTrees(updates.map((update) => (microBatches === 1 ? update[0]! : stackTrees(update))));
        const step = (state: TrainedState, row: StepInputs) =>
          recordStep(state, row, { model, microBatches, skippedBefore, ...options });
        return scan(step, state, { inputs, scalars });
      },
      { donate: [0], ...(options.executor && { executor: options.executor }) },
    );
  }

  /**
   * The updates after `step` others, each from its micro-batches and with its own learning rate: in one run where all micro-batches have
   * the same shapes, else each in one. `state` is given up.
   */
  async run(
    state: TrainState<Model>,
    updates: Updates,
    step: number,
    learningRates: readonly number[],
  ): Promise<MadeSteps<Model>> {
    if (areAlike(updates.flat())) return this.#runLoop(state, updates, step, learningRates);
    const results: StepNumbers[] = [];
    for (const [i, update] of updates.entries()) {
      const rate = learningRates[i]!;
      // Also alone in the loop: its arithmetic does not depend on what the step shares a run with.
      const made = areAlike(update)
        ? await this.#runLoop(state, [update], step + i, [rate])
        : await runOneStep(this.#oneStep, state, update, step + i, rate);
      results.push(...made.results);
      state = made.state;
    }
    return { state, results };
  }

  async #runLoop(
    state: TrainState<Model>,
    updates: Updates,
    step: number,
    learningRates: readonly number[],
  ): Promise<MadeSteps<Model>> {
    const inputs = updates.map((update) => update.map(({ batch, key }) => ({ batch, key })));
    const skippedBefore = (await state.lossScaling?.skippedSteps?.item()) ?? 0;
    const { model, ...others } = state;
    const trained = { ...others, parameters: this.#oneStep.trainedParameters(model) };
    const scalars = this.#scalars(step - skippedBefore, learningRates);
    const skipped = tensor(skippedBefore, { dtype: "int32" });
    const [{ parameters, ...next }, outputs] = await this.#steps(trained, model, inputs, scalars, skipped);
    const results = await readResults(outputs, updates, skippedBefore);
    disposeTensors(outputs);
    return { state: { ...next, model: withParameters(model, parameters) }, results };
  }

  /** The numbers of all steps, stacked. A skipped step is none for the optimiser, and which are skipped is known in the loop alone. */
  #scalars(updates: number, learningRates: readonly number[]): StepScalars {
    const maySkip = this.#options.precision === "float16";
    const columns = maySkip ? learningRates.length : 1;
    const rows = learningRates.map((rate, step) =>
      Array.from({ length: columns }, (_, skipped) =>
        stepNumbers(updates + step - Math.min(step, skipped), rate, this.#options),
      ),
    );
    const shape = maySkip ? [rows.length, columns] : [rows.length];
    const names = Object.keys(rows[0]![0]!.optimizer);
    const stacked = (read: (numbers: StepScalars<number>) => number) =>
      tensor(Float32Array.from(rows.flat(), read), { shape });
    return {
      optimizer: Object.fromEntries(names.map((name) => [name, stacked(({ optimizer }) => optimizer[name]!)])),
      ...(this.#options.ema && { averageTaken: stacked(({ averageTaken }) => averageTaken!) }),
    };
  }

  /** Frees the compiled programs. */
  dispose(): void {
    this.#steps.dispose();
  }
}

interface LoopOptions<Model extends PretrainedModel> extends StepOptions<Model> {
  /** Its trained parameters are those of the state. */
  readonly model: Model;
  readonly microBatches: number;
  /** Steps skipped before this run. */
  readonly skippedBefore: Tensor;
}

/** One step of the loop. */
function recordStep<Model extends PretrainedModel>(
  state: TrainedState,
  { inputs, scalars }: StepInputs,
  options: LoopOptions<Model>,
): [TrainedState, StepOutputs] {
  const { lossScaling } = state;
  const model = withParameters(options.model, state.parameters);
  const read = { model, ...(lossScaling && { lossScaling }) };
  const { result, metrics } = gradientsOfAll(read, { parameters: state.parameters, inputs }, options);
  const own = lossScaling
    ? mapScalars(scalars, (bySkipped) => bySkipped.gather(lossScaling.skippedSteps!.sub(options.skippedBefore)))
    : scalars;
  const { state: next, loss, gradientNorm } = applyGradients(state, result, own, options);
  const { scale, skippedSteps } = next.lossScaling ?? {};
  return [next, { loss, gradientNorm, metrics, scale, skippedSteps }];
}

/** Gradients of all micro-batches of a step, with the sums of `TrainStep` in their order. */
function gradientsOfAll<Model extends PretrainedModel>(
  state: ForwardState<Model>,
  { parameters, inputs }: { readonly parameters: NamedTensors; readonly inputs: Inputs },
  options: LoopOptions<Model>,
): WithMetrics<Accumulated> {
  if (options.microBatches === 1) return gradientsOfBatch(state, inputs, options);
  const zeros = mapNamed(parameters, ({ dtype, shape }) => constant(0, dtype).broadcastTo(shape));
  const [result, metrics] = scan(
    (sum: Accumulated, microBatch: Inputs) => {
      const { result, metrics } = summedGradients(state, microBatch, options);
      return [addGradients(sum, result), metrics] as const;
    },
    { gradients: zeros, lossSum: constant(0), count: constant(0) },
    inputs,
  );
  return { result, metrics };
}

async function readResults(
  { loss, gradientNorm, metrics, scale, skippedSteps }: StepOutputs,
  updates: Updates,
  skippedBefore: number,
): Promise<StepNumbers[]> {
  const [losses, norms, scales, skips] = await Promise.all([loss, gradientNorm, scale, skippedSteps].map(numbersOf));
  const means = await metricsOf(metrics, updates);
  return updates.map((_, step) => {
    const result = { loss: losses![step]!, gradientNorm: norms![step]!, ...(means && { metrics: means[step]! }) };
    if (!scale) return result;
    const skipped = skips![step]! > (step === 0 ? skippedBefore : skips![step - 1]!);
    return { ...result, lossScaling: { scale: scales![step]!, skippedSteps: skips![step]!, skipped } };
  });
}

async function metricsOf(
  metrics: SummedMetrics | undefined,
  updates: Updates,
): Promise<Readonly<Record<string, number>>[] | undefined> {
  if (!metrics) return undefined;
  const counts = await numbersOf(metrics.count);
  const sums = await Promise.all(
    Object.entries(metrics.sums).map(async ([name, sum]) => [name, await numbersOf(sum)] as const),
  );
  return updates.map((microBatches, step) => {
    const means = new MeanMetrics();
    for (const [i, { task }] of microBatches.entries()) {
      const at = step * microBatches.length + i;
      means.addSums(Object.fromEntries(sums.map(([name, values]) => [name, values[at]!])), counts[at]!, task);
    }
    return means.finish()!;
  });
}

async function numbersOf(tensor: Tensor | undefined): Promise<number[]> {
  return tensor ? Array.from(await tensor.data(), Number) : [];
}
