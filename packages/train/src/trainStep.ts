// A training step as one program: forward, backward, clipping and the optimiser's update. With accumulation, one program adds up
// gradients over micro-batches and another applies them.
import type { CausalLanguageModel } from "@llm/model";
import {
  type CompiledFunction,
  type CompileTimes,
  compile,
  constant,
  type Executor,
  type RandomKey,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@llm/tensor";
import { clipByGlobalNorm, globalNorm } from "./gradientClipping.ts";
import type { BatchTensors, Objective } from "./objectives/objective.ts";
import { mapNamed, type NamedTensors, type Optimizer } from "./optimizers/optimizer.ts";
import { disposeTensors, parametersOf, type TrainState, withParameters } from "./trainState.ts";

export interface StepOptions {
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  /** Largest global norm of the gradients; undefined for no clipping. */
  readonly gradientClipping: number | undefined;
  readonly executor: Executor | undefined;
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

export class TrainStep {
  readonly #optimizer: Optimizer;
  readonly #whole: CompiledFunction<[TrainState, BatchTensors, RandomKey, NamedTensors], Applied>;
  readonly #first: CompiledFunction<[CausalLanguageModel, BatchTensors, RandomKey], Accumulated>;
  readonly #next: CompiledFunction<[CausalLanguageModel, Accumulated, BatchTensors, RandomKey], Accumulated>;
  readonly #apply: CompiledFunction<[TrainState, Accumulated, NamedTensors], Applied>;

  constructor({ objective, optimizer, gradientClipping, executor }: StepOptions) {
    this.#optimizer = optimizer;
    const options = executor ? { executor } : {};

    const accumulate = (model: CausalLanguageModel, batch: BatchTensors, key: RandomKey): Accumulated => {
      const [[sum, count], gradients] = valueAndGrad((model: CausalLanguageModel): [Tensor, Tensor] => {
        const loss = objective(model, batch, key);
        return [loss.sum, loss.count];
      })(model);
      return { gradients: parametersOf(gradients), lossSum: sum, count };
    };
    const apply = ({ model, optimizer: state }: TrainState, summed: Accumulated, scalars: NamedTensors): Applied => {
      const targets = summed.count.maximum(1);
      const means = mapNamed(summed.gradients, (gradient) => gradient.div(targets));
      const gradientNorm = globalNorm(means);
      const gradients =
        gradientClipping === undefined ? means : clipByGlobalNorm(means, gradientNorm, gradientClipping);
      const updated = optimizer.update({ parameters: parametersOf(model), gradients, state, scalars });
      return {
        state: { model: withParameters(model, updated.parameters), optimizer: updated.state },
        loss: summed.lossSum.div(targets),
        gradientNorm,
      };
    };
    this.#whole = compile(
      (state, batch, key, scalars) => {
        // Dividing the loss instead of the gradients saves a pass over them.
        const [[loss], gradients] = valueAndGrad((model: CausalLanguageModel): [Tensor] => {
          const { sum, count } = objective(model, batch, key);
          return [sum.div(count.maximum(1))];
        })(state.model);
        return apply(state, { gradients: parametersOf(gradients), lossSum: loss, count: constant(1) }, scalars);
      },
      { donate: [0], ...options },
    );
    this.#first = compile(accumulate, options);
    this.#next = compile(
      (model, before, batch, key) => {
        const { gradients, lossSum, count } = accumulate(model, batch, key);
        return {
          gradients: mapNamed(before.gradients, (gradient, name) => gradient.add(gradients[name]!)),
          lossSum: before.lossSum.add(lossSum),
          count: before.count.add(count),
        };
      },
      { donate: [1], ...options },
    );
    this.#apply = compile(apply, { donate: [0, 1], ...options });
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
    const numbers = Object.entries(this.#optimizer.scalars(step, learningRate));
    const scalars = Object.fromEntries(numbers.map(([name, value]) => [name, tensor(value)]));
    const applied = await this.#update(state, microBatches, scalars);
    const [loss, gradientNorm] = await Promise.all([applied.loss.item(), applied.gradientNorm.item()]);
    disposeTensors([applied.loss, applied.gradientNorm]);
    return { state: applied.state, loss, gradientNorm };
  }

  async #update(state: TrainState, [first, ...others]: readonly MicroBatch[], scalars: NamedTensors): Promise<Applied> {
    if (others.length === 0) return this.#whole(state, first!.batch, first!.key, scalars);
    let summed = await this.#first(state.model, first!.batch, first!.key);
    for (const { batch, key } of others) summed = await this.#next(state.model, summed, batch, key);
    return this.#apply(state, summed, scalars);
  }

  /** Frees the compiled programs. */
  dispose(): void {
    for (const compiled of [this.#whole, this.#first, this.#next, this.#apply]) compiled.dispose();
  }
}
