// One training run: its state, and what can be done to it. `Trainer` decides when.
import { join } from "node:path";
import type { PretrainedModel } from "@llm/model";
import { flattenTensors, mapTensors, RandomKey, type Tensor, tensor } from "@llm/tensor";
import {
  checkpointPath,
  findCheckpoint,
  listCheckpoints,
  loadState,
  type RunPosition,
  readPosition,
  saveCheckpoint,
} from "./checkpoint.ts";
import { DivergedError, TrainError } from "./errors.ts";
import { Evaluation } from "./evaluation.ts";
import type { CheckpointEvent, EvaluationEvent, ResumeEvent, StepEvent, TrainResult } from "./events.ts";
import { MetricsFile } from "./metricsFile.ts";
import type { Objective } from "./objectives/objective.ts";
import { adamW } from "./optimizers/adamw.ts";
import type { Optimizer } from "./optimizers/optimizer.ts";
import { checkSettings } from "./runSettings.ts";
import { constantSchedule, type Schedule } from "./schedules.ts";
import { Speed } from "./speed.ts";
import type { TrainerOptions } from "./trainer.ts";
import { disposeTensors, parametersOf, type TrainState } from "./trainState.ts";
import { type MicroBatch, TrainStep } from "./trainStep.ts";

/** Gradients that overflow float16 with the loss not scaled up at all are not going to be small enough. */
const lowestScale = 1;

export class TrainingRun<Model extends PretrainedModel, B> {
  readonly metrics: MetricsFile | undefined;
  readonly #options: TrainerOptions<Model, B>;
  readonly #objective: Objective<Model, B>;
  readonly #optimizer: Optimizer;
  readonly #schedule: Schedule;
  readonly #trainStep: TrainStep<Model>;
  readonly #evaluation: Evaluation<Model, B> | undefined;
  readonly #speed = new Speed();
  #state: TrainState<Model> | undefined;
  #step = 0;
  #loss: number | undefined;
  #best: RunPosition["best"];
  #savedStep = 0;

  constructor(options: TrainerOptions<Model, B>, objective: Objective<Model, B>) {
    const { executor, gradientClipping = 1, learningRate = 3e-4, checkpoints } = options;
    this.#options = options;
    this.#objective = objective;
    this.#optimizer = options.optimizer ?? adamW();
    this.#schedule = typeof learningRate === "number" ? constantSchedule({ peak: learningRate }) : learningRate;
    this.#trainStep = new TrainStep({
      objective,
      optimizer: this.#optimizer,
      gradientClipping: gradientClipping === false ? undefined : gradientClipping,
      executor,
      precision: options.precision,
      lossScaling: options.lossScaling,
      recomputeActivations: options.recomputeActivations,
    });
    this.#evaluation = options.evaluation && new Evaluation(objective, executor);
    const metricsFile = options.metricsFile ?? (checkpoints && join(checkpoints.folder, "metrics.jsonl"));
    this.metrics = metricsFile === undefined ? undefined : new MetricsFile(metricsFile);
  }

  /** Updates made. */
  get step(): number {
    return this.#step;
  }

  get model(): Model {
    return this.#state?.model ?? this.#options.model;
  }

  get evaluationIsDue(): boolean {
    const { evaluation, steps } = this.#options;
    return evaluation !== undefined && (this.#step % evaluation.every === 0 || this.#step === steps);
  }

  get checkpointIsDue(): boolean {
    const { checkpoints } = this.#options;
    if (!checkpoints) return false;
    const isBest = this.#best?.step === this.#step;
    return isBest || (checkpoints.every !== undefined && this.#step % checkpoints.every === 0);
  }

  get hasUnsavedSteps(): boolean {
    return this.#options.checkpoints !== undefined && this.#step > this.#savedStep;
  }

  /** Goes on from the newest checkpoint, if there is one. */
  async resume(): Promise<ResumeEvent | undefined> {
    const { checkpoints, data, model } = this.#options;
    const path = checkpoints && (await findCheckpoint(checkpoints.folder, "last"));
    if (path === undefined) {
      const fresh = await copyTensors(model);
      this.#state = this.#trainStep.initialState(fresh);
      return undefined;
    }
    const position = await readPosition(path);
    // Checkpoints from before there was a choice say nothing of it.
    const saved = { precision: "float32", objective: { name: "causalLanguageModel" }, ...position.settings };
    checkSettings(path, saved, this.#settings(), checkpoints?.mayChange);
    this.#state = await loadState(path, this.#trainStep.initialState(model));
    data.seek(position.data);
    this.#step = position.step;
    this.#savedStep = position.step;
    this.#best = position.best;
    return { type: "resume", step: position.step, path };
  }

  /** One update. */
  async update(): Promise<StepEvent> {
    const start = performance.now();
    const step = this.#step;
    const learningRate = this.#schedule.rateAt(step);
    const { microBatches, tokens } = await this.#nextMicroBatches(step);
    const { state, ...result } = await this.#trainStep.run(this.#state!, microBatches, step, learningRate);
    const { loss, gradientNorm, lossScaling } = result;
    disposeTensors(microBatches);
    this.#state = state;
    this.#step = step + 1;
    this.#loss = loss;
    // The loss tells about the weights before this update, the gradients about those after it.
    if (!Number.isFinite(loss)) throw await this.#diverged("the loss", loss, step);
    // Gradients that overflow are what loss scaling expects, until there is nothing left to scale down.
    const expected = lossScaling !== undefined && lossScaling.scale >= lowestScale;
    if (!Number.isFinite(gradientNorm) && !expected) {
      throw await this.#diverged("the gradient norm", gradientNorm, step + 1);
    }
    const { steps } = this.#options;
    const rates = this.#speed.add((performance.now() - start) / 1000, tokens, steps - this.#step);
    return { type: "step", step: this.#step, steps, learningRate, ...result, ...rates };
  }

  async #nextMicroBatches(step: number): Promise<{ microBatches: MicroBatch[]; tokens: number }> {
    const { data, accumulation = 1, seed = 0, model } = this.#options;
    const microBatches: MicroBatch[] = [];
    let tokensOfStep = 0;
    for (let i = 0; i < accumulation; i++) {
      const batch = await data.next();
      if (!batch) {
        throw new TrainError(
          `Trainer: the data ended at step ${step + 1} of ${this.#options.steps} (allow more epochs, or train fewer steps)`,
        );
      }
      if (!data.inMemory) this.#objective.checkBatch?.(batch, model);
      const place = step * accumulation + i;
      const { inputs, tokens, task } = this.#objective.prepare(batch, model, { seed, place: `batch ${place}` });
      tokensOfStep += tokens;
      microBatches.push({ batch: inputs, key: RandomKey.from(seed, place), task });
    }
    return { microBatches, tokens: tokensOfStep };
  }

  /** Loss and metrics on the held-out batches. */
  async evaluate(): Promise<EvaluationEvent> {
    const { data, batches = 20 } = this.#options.evaluation!;
    const { loss, metrics } = await this.#evaluation!.run(this.model, data, batches);
    if (!Number.isFinite(loss)) throw await this.#diverged("the held-out loss", loss, this.#step);
    const best = this.#best === undefined || loss < this.#best.loss;
    if (best) this.#best = { step: this.#step, loss };
    return { type: "evaluation", step: this.#step, loss, ...(metrics && { metrics }), best };
  }

  /** The error for a value that is not a number; the weights after `firstDamaged` updates are the first that gave it. */
  async #diverged(what: string, value: number, firstDamaged: number): Promise<DivergedError> {
    const { checkpoints } = this.#options;
    const saved = checkpoints ? await listCheckpoints(checkpoints.folder) : [];
    const path = (step: number | undefined) =>
      step === undefined ? undefined : checkpointPath(checkpoints!.folder, step);
    return new DivergedError({
      step: this.#step,
      what,
      value,
      learningRate: this.#schedule.rateAt(this.#step - 1),
      lastCheckpoint: path(saved.findLast((step) => step < firstDamaged)),
      damagedCheckpoint: path(saved.find((step) => step >= firstDamaged)),
    });
  }

  /** Writes a checkpoint. */
  async save(): Promise<CheckpointEvent> {
    const { folder, keep = 2 } = this.#options.checkpoints!;
    const position: RunPosition = {
      step: this.#step,
      data: this.#options.data.position(),
      best: this.#best,
      settings: this.#settings(),
    };
    const path = await saveCheckpoint(folder, this.#state!, position, keep);
    this.#savedStep = this.#step;
    return { type: "checkpoint", step: this.#step, path };
  }

  result(): TrainResult {
    return { steps: this.#step, loss: this.#loss, best: this.#best, interrupted: this.#step < this.#options.steps };
  }

  /** Frees the compiled programs and the optimiser's state; the model stays. */
  dispose(): void {
    this.#trainStep.dispose();
    this.#evaluation?.dispose();
    disposeTensors([this.#state?.optimizer, this.#state?.lossScaling]);
  }

  #settings(): Record<string, unknown> {
    const { accumulation = 1, seed = 0, gradientClipping = 1, precision = "float32", lossScaling } = this.#options;
    const { model, data } = this.#options;
    return {
      model: model.toConfigJson(),
      objective: { name: this.#objective.name, ...this.#objective.settings },
      optimizer: { name: this.#optimizer.name, ...this.#optimizer.settings(parametersOf(model)) },
      learningRate: { name: this.#schedule.name, ...this.#schedule.settings },
      accumulation,
      seed,
      gradientClipping,
      precision,
      lossScaling,
      // Another batch size, sequence length or corpus gives another number here, and a place in the data would mean nothing.
      batchesPerEpoch: data.batchesPerEpoch,
    };
  }
}

/** Tensors of the run's own, so that the caller's model is not given away with the first step. */
async function copyTensors<T>(tree: T): Promise<T> {
  const sources = flattenTensors(tree).map(({ tensor }) => tensor);
  const copies = new Map(await Promise.all(sources.map(async (source) => [source, await copyOf(source)] as const)));
  return mapTensors(tree, (source) => copies.get(source)!);
}

async function copyOf(source: Tensor): Promise<Tensor> {
  const data = await source.data();
  return tensor(data.slice(), { dtype: source.dtype, shape: source.shape as readonly number[] });
}
