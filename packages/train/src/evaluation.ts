// Loss and metrics on held-out batches during training.
import type { BatchStream } from "@llm/data";
import type { PretrainedModel } from "@llm/model";
import {
  type CompiledFunction,
  compile,
  type Executor,
  type HostArray,
  type Precision,
  type Tensor,
  withPrecision,
} from "@llm/tensor";
import { TrainError } from "./errors.ts";
import { metricOf } from "./evaluationMetric.ts";
import { MeanMetrics, type SummedMetrics, summedMetrics } from "./meanMetrics.ts";
import type { Objective } from "./objectives/objective.ts";
import type { NamedTensors } from "./optimizers/optimizer.ts";
import { disposeTensors } from "./trainState.ts";

export interface EvaluationResult {
  /** Mean loss over the targets. */
  readonly loss: number;
  /** Only for an objective that has some. */
  readonly metrics?: Readonly<Record<string, number>>;
}

interface Evaluated {
  readonly sum: Tensor;
  readonly count: Tensor;
  readonly metrics: SummedMetrics | undefined;
  readonly predictions: NamedTensors;
}

/** Held-out batches are the same at each evaluation, masks drawn for them too, whatever the seed of the run. */
const evaluationSeed = 0;

export class Evaluation<Model extends PretrainedModel, B> {
  readonly #objective: Objective<Model, B>;
  readonly #evaluate: CompiledFunction<[Model, NamedTensors], Evaluated>;

  constructor(
    objective: Objective<Model, B>,
    { executor, precision = "float32" }: { executor: Executor | undefined; precision: Precision | undefined },
  ) {
    this.#objective = objective;
    const evaluated = (model: Model, batch: NamedTensors): Evaluated => {
      const loss = objective.loss(model, batch);
      const predictions = (objective.scorer && loss.predictions) ?? {};
      return { sum: loss.sum, count: loss.count, metrics: summedMetrics(loss), predictions };
    };
    this.#evaluate = compile(withPrecision(evaluated, precision), executor ? { executor } : {});
  }

  /** Over the first `batches` batches of the stream; the same ones each time. */
  async run(model: Model, stream: BatchStream<B>, batches: number): Promise<EvaluationResult> {
    stream.seek({ ...stream.position(), epoch: 0, step: 0 });
    const means = new MeanMetrics();
    const scorer = this.#objective.scorer?.();
    let sum = 0;
    let count = 0;
    for (let i = 0; i < Math.min(batches, stream.batchesPerEpoch); i++) {
      const held = (await stream.next())!;
      if (!stream.inMemory) this.#objective.checkBatch?.(held, model);
      const { inputs, task } = this.#objective.prepare(held, model, { seed: evaluationSeed, place: `held-out ${i}` });
      const result = await this.#evaluate(model, inputs);
      sum += await result.sum.item();
      count += await result.count.item();
      await means.add(result.metrics, task);
      scorer?.add(held, await hostArrays(result.predictions));
      disposeTensors([inputs, result]);
    }
    if (count === 0) throw new TrainError("Trainer: the held-out batches have no targets (every label is -100)");
    const metrics = { ...means.finish(), ...scorer?.result() };
    return { loss: sum / count, ...(Object.keys(metrics).length > 0 && { metrics }) };
  }

  /** Throws a `TrainError` unless the evaluation tells each of the named metrics: one batch is enough where it tells them all. */
  async checkMetrics(names: readonly string[], model: Model, stream: BatchStream<B>, batches: number): Promise<void> {
    const first = await this.run(model, stream, 1).catch(() => undefined);
    if (names.every((name) => name in { loss: 0, ...first?.metrics })) return;
    const whole = await this.run(model, stream, batches);
    for (const name of names) metricOf(whole, name);
  }

  dispose(): void {
    this.#evaluate.dispose();
  }
}

async function hostArrays(tensors: NamedTensors): Promise<Record<string, HostArray>> {
  const entries = Object.entries(tensors).map(async ([name, tensor]): Promise<[string, HostArray]> => {
    return [name, { dtype: tensor.dtype, shape: tensor.shape as readonly number[], data: await tensor.data() }];
  });
  return Object.fromEntries(await Promise.all(entries));
}
