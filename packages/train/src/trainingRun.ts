// One training run: its state, and what can be done to it. `Trainer` decides when.
import type { PretrainedModel } from "@llm/model";
import { flattenTensors } from "@llm/tensor";
import {
  checkpointPath,
  findCheckpoint,
  listCheckpoints,
  loadState,
  prepareFolder,
  type RunPosition,
  readPosition,
  removeCheckpointsAfter,
  saveCheckpoint,
} from "./checkpoint.ts";
import {
  afterEvaluation,
  type EarlyStoppingState,
  earlyStoppingSettings,
  hasWaitedEnough,
  initialEarlyStopping,
} from "./earlyStopping.ts";
import { DivergedError, TrainError } from "./errors.ts";
import { Evaluation } from "./evaluation.ts";
import { isBetter, lowestLoss, type MetricChoice, metricOf } from "./evaluationMetric.ts";
import type { CheckpointEvent, EvaluationEvent, ResumeEvent, RollBackEvent, StepEvent, TrainResult } from "./events.ts";
import { lockFolder } from "./folderLock.ts";
import type { Objective } from "./objectives/objective.ts";
import { adamW } from "./optimizers/adamw.ts";
import type { Optimizer } from "./optimizers/optimizer.ts";
import { elementCount } from "./optimizers/zeros.ts";
import {
  findTrouble,
  initialRollBackState,
  type RollBackState,
  rollBackTarget,
  type Trouble,
  withStep,
} from "./rollBack.ts";
import { checkSettings, runSettings } from "./runSettings.ts";
import { constantSchedule, type Schedule } from "./schedules.ts";
import { Speed } from "./speed.ts";
import { type MadeStep, StepMaker } from "./stepMaker.ts";
import { StepsInOneRun } from "./stepsInOneRun.ts";
import type { RunInformation } from "./trackers/tracker.ts";
import type { TrainerOptions } from "./trainer.ts";
import { copyTensors, disposeTensors, type TrainState, withParameters } from "./trainState.ts";
import { type StepOptions, TrainStep } from "./trainStep.ts";
import { UpdateQueue } from "./updateQueue.ts";

/** Gradients that overflow float16 with the loss not scaled up at all are not going to be small enough. */
const lowestScale = 1;

export class TrainingRun<Model extends PretrainedModel, B> {
  readonly #options: TrainerOptions<Model, B>;
  readonly #objective: Objective<Model, B>;
  readonly #optimizer: Optimizer;
  readonly #schedule: Schedule;
  readonly #trainStep: TrainStep<Model>;
  readonly #maker: StepMaker<Model, B>;
  readonly #evaluation: Evaluation<Model, B> | undefined;
  readonly #queue: UpdateQueue<Model, B>;
  readonly #bestBy: MetricChoice;
  readonly #speed = new Speed();
  #state: TrainState<Model> | undefined;
  #lock: AsyncDisposable | undefined;
  /** Steps of the last run that are not told yet: `#step` counts those that are. */
  #made: MadeStep[] = [];
  #step = 0;
  #loss: number | undefined;
  #best: RunPosition["best"];
  #savedStep = 0;
  #rollBack: RollBackState = initialRollBackState;
  #earlyStopping: EarlyStoppingState = initialEarlyStopping;

  constructor(options: TrainerOptions<Model, B>, objective: Objective<Model, B>) {
    const { executor, gradientClipping = 1, learningRate = 3e-4, accumulation = 1, seed = 0, prefetch = 1 } = options;
    const { stepsPerRun = 1 } = options;
    this.#options = options;
    this.#objective = objective;
    this.#optimizer = options.optimizer ?? adamW();
    this.#schedule = typeof learningRate === "number" ? constantSchedule({ peak: learningRate }) : learningRate;
    const stepOptions: StepOptions<Model> = {
      objective,
      optimizer: this.#optimizer,
      gradientClipping: gradientClipping === false ? undefined : gradientClipping,
      executor,
      precision: options.precision,
      lossScaling: options.lossScaling,
      recomputeActivations: options.recomputeActivations,
      rowsPerPass: options.rowsPerPass,
      trains: options.trains,
      ema: options.ema,
    };
    this.#trainStep = new TrainStep(stepOptions);
    this.#evaluation = options.evaluation && new Evaluation(objective, { executor, precision: options.precision });
    const { model, data, steps } = options;
    this.#queue = new UpdateQueue({ model, data, objective, steps, accumulation, seed, depth: prefetch * stepsPerRun });
    this.#maker = new StepMaker({
      queue: this.#queue,
      schedule: this.#schedule,
      trainStep: this.#trainStep,
      loop: stepsPerRun > 1 ? new StepsInOneRun(stepOptions, this.#trainStep) : undefined,
    });
    this.#bestBy = options.checkpoints?.best ?? lowestLoss;
  }

  /** Updates made. */
  get step(): number {
    return this.#step;
  }

  get model(): Model {
    return this.#state?.model ?? this.#options.model;
  }

  /** The model with the moving average of its weights; without one, or before the first update, the model itself. */
  get averagedModel(): Model {
    const { average } = this.#state ?? {};
    return average && this.#step > 0 ? withParameters(this.model, average) : this.model;
  }

  /** True once the held-out metric has not improved for too long. */
  get isStoppedEarly(): boolean {
    const { earlyStopping } = this.#options;
    return earlyStopping !== undefined && hasWaitedEnough(this.#earlyStopping, earlyStopping);
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
    const { checkpoints, model, data } = this.#options;
    if (checkpoints) {
      await prepareFolder(checkpoints.folder);
      this.#lock = await lockFolder(checkpoints.folder);
    }
    const path = checkpoints && (await findCheckpoint(checkpoints.folder, "last"));
    if (path === undefined) {
      // Tensors of the run's own, so that the caller's model is not given away with the first step.
      const trained = await copyTensors(this.#trainStep.trainedParameters(model));
      this.#state = this.#trainStep.initialState(withParameters(model, trained));
      return undefined;
    }
    const position = await readPosition(path);
    // Checkpoints from before there was a choice say nothing of it.
    const defaults = { precision: "float32", objective: { name: "causalLanguageModel" }, data: data.settings };
    const saved = { ...defaults, ...position.settings };
    checkSettings(path, saved, this.#settings(), checkpoints?.mayChange);
    await this.#restore(path, position);
    await this.#queue.seek(position.data);
    return { type: "resume", step: position.step, path };
  }

  /** Throws for a metric to go by that evaluations do not tell, rather than after the steps before the first one. */
  async checkMetrics(): Promise<void> {
    const { evaluation, earlyStopping } = this.#options;
    const chosen = [this.#bestBy, ...(earlyStopping ? [earlyStoppingSettings(earlyStopping).by] : [])];
    const names = chosen.map(({ metric }) => metric).filter((metric) => metric !== "loss");
    if (!evaluation || names.length === 0 || this.#step >= this.#options.steps) return;
    await this.#evaluation!.checkMetrics(names, this.averagedModel, evaluation.data, evaluation.batches ?? 20);
  }

  /** Everything of a checkpoint but the place in the data. */
  async #restore(path: string, position: RunPosition): Promise<void> {
    this.#state = await loadState(path, this.#trainStep.initialState(this.#options.model));
    this.#step = position.step;
    this.#savedStep = position.step;
    // The best by another metric says nothing about this one.
    this.#best = position.best?.metric === this.#bestBy.metric ? position.best : undefined;
    this.#rollBack = position.rollBack ?? initialRollBackState;
    this.#earlyStopping = position.earlyStopping ?? initialEarlyStopping;
  }

  /** What trackers are told before the first event. */
  information(): RunInformation {
    const parameters = flattenTensors(this.model).reduce((total, { tensor }) => total + elementCount(tensor.shape), 0);
    return { step: this.#step, steps: this.#options.steps, parameters, settings: this.#settings() };
  }

  /** True where all steps made are told: the weights are those after `step` updates. */
  get isBetweenRuns(): boolean {
    return this.#made.length === 0;
  }

  /** One update; or a roll-back, where the options ask for it and the update went wrong. */
  async update(): Promise<StepEvent | RollBackEvent> {
    if (this.#made.length === 0) await this.#makeSteps();
    const { result, learningRate, tokens, seconds, dataWait } = this.#made.shift()!;
    const { loss, gradientNorm, lossScaling } = result;
    this.#step++;
    this.#loss = loss;
    if (this.#step === 1 && loss === 0 && gradientNorm === 0) throw withoutTargets();
    // Gradients that overflow are what loss scaling expects, until there is nothing left to scale down.
    const overflowIsExpected = lossScaling !== undefined && lossScaling.scale >= lowestScale;
    const judged = { step: this.#step, loss, gradientNorm, overflowIsExpected };
    const { rollBack, steps } = this.#options;
    const trouble = findTrouble(judged, this.#rollBack, rollBack);
    if (trouble) return this.#goBack(trouble);
    if (rollBack) this.#rollBack = withStep(this.#rollBack, judged, rollBack);
    const rates = this.#speed.add(seconds, tokens, steps - this.#step);
    return { type: "step", step: this.#step, steps, learningRate, ...result, ...rates, dataWait };
  }

  /** Where it fails, the data stands before the steps that were not made, as the state does: both can be saved. */
  async #makeSteps(): Promise<void> {
    const before = this.#queue.position();
    try {
      const next = { step: this.#step, count: this.#stepsOfNextRun() };
      ({ state: this.#state, made: this.#made } = await this.#maker.make(this.#state!, next));
    } catch (error) {
      await this.#queue.seek(before);
      throw error;
    }
  }

  /** Evaluations and checkpoints are of the weights at the end of a run. */
  #stepsOfNextRun(): number {
    const { stepsPerRun = 1, steps, evaluation, checkpoints } = this.#options;
    const until = (every = Infinity) => every - (this.#step % every);
    return Math.min(stepsPerRun, steps - this.#step, until(evaluation?.every), until(checkpoints?.every));
  }

  /** Loss and metrics of the averaged model on the held-out batches. */
  async evaluate(): Promise<EvaluationEvent | RollBackEvent> {
    const { data, batches = 20 } = this.#options.evaluation!;
    const { loss, metrics } = await this.#evaluation!.run(this.averagedModel, data, batches);
    const step = this.#step;
    if (!Number.isFinite(loss)) {
      return this.#goBack({ what: "evaluation", value: loss, limit: undefined, firstDamaged: step });
    }
    const { metric } = this.#bestBy;
    const result = { loss, ...(metrics && { metrics }) };
    const value = metricOf(result, metric);
    const best = isBetter(value, this.#best?.value, this.#bestBy);
    if (best) this.#best = { step, metric, value };
    const { earlyStopping } = this.#options;
    if (earlyStopping) {
      const { metric } = earlyStoppingSettings(earlyStopping).by;
      this.#earlyStopping = afterEvaluation(this.#earlyStopping, metricOf(result, metric), earlyStopping);
    }
    return { type: "evaluation", step, ...result, best };
  }

  /**
   * Goes back to the last good checkpoint. The data stays where it is: the batches from that checkpoint on are skipped, among them
   * those that did it. Throws a `DivergedError` where the run may not, or no longer, or where there is no checkpoint.
   */
  async #goBack(trouble: Trouble): Promise<RollBackEvent> {
    const { checkpoints, rollBack } = this.#options;
    const saved = checkpoints ? await listCheckpoints(checkpoints.folder) : [];
    const { count, lastTarget } = this.#rollBack;
    const target = rollBackTarget(saved, trouble.firstDamaged, lastTarget);
    if (!rollBack || count >= (rollBack.limit ?? 3) || target === undefined) throw this.#diverged(trouble, saved);
    const from = this.#step;
    const path = checkpointPath(checkpoints!.folder, target);
    // What was trained on after the step that went wrong is trained on again, as if each step were a run.
    const [untold] = this.#made.splice(0);
    if (untold) await this.#queue.seek(untold.position);
    // Frozen parameters may be the caller's own.
    const { model, ...others } = this.#state!;
    disposeTensors([this.#trainStep.trainedParameters(model), others]);
    await this.#restore(path, await readPosition(path));
    this.#rollBack = { ...this.#rollBack, count: count + 1, lastTarget: target };
    await removeCheckpointsAfter(checkpoints!.folder, target);
    const { what, value, limit } = trouble;
    return { type: "rollBack", step: target, from, path, what, value, limit, count: count + 1 };
  }

  #diverged({ what, value, firstDamaged }: Trouble, saved: readonly number[]): DivergedError {
    const path = (step: number | undefined) =>
      step === undefined ? undefined : checkpointPath(this.#options.checkpoints!.folder, step);
    return new DivergedError({
      step: this.#step,
      what: { loss: "the loss", gradientNorm: "the gradient norm", evaluation: "the held-out loss" }[what],
      value,
      learningRate: this.#schedule.rateAt(this.#step - 1),
      lastCheckpoint: path(saved.findLast((step) => step < firstDamaged)),
      damagedCheckpoint: path(saved.find((step) => step >= firstDamaged)),
      rollBacks: this.#rollBack.count,
    });
  }

  /** Writes a checkpoint. */
  async save(): Promise<CheckpointEvent> {
    const { folder, keep = 2 } = this.#options.checkpoints!;
    const position: RunPosition = {
      step: this.#step,
      data: this.#queue.position(),
      best: this.#best,
      ...(this.#options.rollBack && { rollBack: this.#rollBack }),
      ...(this.#options.earlyStopping && { earlyStopping: this.#earlyStopping }),
      settings: this.#settings(),
    };
    const path = await saveCheckpoint(folder, this.#state!, position, keep);
    this.#savedStep = this.#step;
    return { type: "checkpoint", step: this.#step, path };
  }

  result(): TrainResult {
    const stoppedEarly = this.isStoppedEarly;
    const interrupted = this.#step < this.#options.steps && !stoppedEarly;
    return { steps: this.#step, loss: this.#loss, best: this.#best, interrupted, stoppedEarly };
  }

  /** Frees the compiled programs and the optimiser's state; the model and its average stay. */
  async dispose(): Promise<void> {
    await this.#queue.dispose();
    this.#maker.dispose();
    this.#evaluation?.dispose();
    disposeTensors([this.#state?.optimizer, this.#state?.lossScaling]);
    await this.#lock?.[Symbol.asyncDispose]();
  }

  #settings(): Record<string, unknown> {
    const [objective, optimizer, schedule] = [this.#objective, this.#optimizer, this.#schedule];
    const trained = this.#trainStep.trainedParameters(this.#options.model);
    return runSettings(this.#options, { objective, optimizer, schedule, trained });
  }
}

function withoutTargets(): TrainError {
  return new TrainError(
    "Trainer: the first update has no targets: its loss counts no token (every label is -100, or the lossMask all 0; were the examples cut before their answers?)",
  );
}
