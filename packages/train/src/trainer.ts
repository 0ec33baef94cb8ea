// The training loop: step, tell, evaluate, save. One `Trainer` is one run; it goes on from its newest checkpoint by itself.
import { join } from "node:path";
import type { Batch, BatchStream } from "@llm/data";
import type { CausalLanguageModel, PretrainedModel } from "@llm/model";
import type { Executor, Precision } from "@llm/tensor";
import { type Callback, Callbacks } from "./callbacks.ts";
import { checkObjective, checkOptions } from "./checkOptions.ts";
import type { EarlyStoppingOptions } from "./earlyStopping.ts";
import type { EmaOptions } from "./ema.ts";
import { DivergedError } from "./errors.ts";
import type { MetricChoice } from "./evaluationMetric.ts";
import type { TrainEvent, TrainResult } from "./events.ts";
import type { GradientClipping } from "./gradientClipping.ts";
import type { LossScalingOptions } from "./lossScaling.ts";
import { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
import type { DecoderModel } from "./objectives/decoderModel.ts";
import type { Objective } from "./objectives/objective.ts";
import type { Optimizer, ParameterPredicate } from "./optimizers/optimizer.ts";
import { progressBar } from "./progressBar.ts";
import type { RollBackOptions } from "./rollBack.ts";
import type { ChangeableSetting } from "./runSettings.ts";
import type { Schedule } from "./schedules.ts";
import { jsonLinesTracker } from "./trackers/jsonLines.ts";
import type { RunEnd, Tracker } from "./trackers/tracker.ts";
import { Trackers } from "./trackers/trackers.ts";
import { TrainingRun } from "./trainingRun.ts";

/** Everything a run is made of; `model`, `data` and `steps` are needed. */
export interface TrainerOptions<Model extends PretrainedModel = CausalLanguageModel, B = Batch> {
  /** Where training starts. The run trains a copy: read the result from `trainer.model`. */
  model: Model;
  /** Batches to train on. */
  data: BatchStream<B>;
  /** Updates in all, those of a resumed run included. */
  steps: number;
  /** Rate of each step, or one for all. Default 3e-4. */
  learningRate?: Schedule | number;
  /** Default `adamW()`. */
  optimizer?: Optimizer;
  /**
   * Which parameters are trained, by name. The others are frozen: they take no gradient, have no state and do not change; at first they
   * are the given model's own tensors. Default all.
   */
  trains?: ParameterPredicate;
  /** Keep a moving average of the trained weights: evaluations use it, checkpoints hold it as the model in `averaged/`. Default none. */
  ema?: EmaOptions;
  /** Default `causalLanguageModel`: predict the next token. Other models and other batches need the objective they are for. */
  objective?: NoInfer<Objective<Model, B>>;
  /** Largest global norm of the gradients; `{ value }` for the largest element instead, `false` for no clipping. Default 1. */
  gradientClipping?: GradientClipping | false;
  /** Batches that make up one update. Default 1. */
  accumulation?: number;
  /** Decides dropout. Default 0. */
  seed?: number;
  evaluation?: {
    /** Held-out batches. */
    data: BatchStream<B>;
    /** Evaluate after every so many updates, and after the last. */
    every: number;
    /** How many batches, always the same; Infinity for all of an epoch. Default 20. */
    batches?: number;
  };
  /** Ends the run when its evaluations do not improve any more. Default never. */
  earlyStopping?: EarlyStoppingOptions;
  checkpoints?: {
    folder: string;
    /** Save after every so many updates. In any case after an evaluation that is the best so far, and after the last update. */
    every?: number;
    /** How many of the newest to keep beside the best. Default 2. */
    keep?: number;
    /** What the best evaluation is. Default the lowest held-out loss. */
    best?: MetricChoice;
    /** Settings that a resumed run may have another one of, for example a schedule that now cools down. Default none. */
    mayChange?: readonly ChangeableSetting[];
  };
  /**
   * JSON-lines file of all events. Default `metrics.jsonl` in the checkpoint folder, none without one. A resumed run takes back what
   * came after its checkpoint; a run that starts anew starts the file anew.
   */
  metricsFile?: string;
  /** Where else the events go: TensorBoard, MLflow, a live page and so on. */
  trackers?: readonly Tracker[];
  /** Hooks around steps, evaluations and checkpoints. */
  callbacks?: readonly Callback[];
  /**
   * Go back to the last good checkpoint when the loss spikes or is no number, and go on with the batches after those that did it.
   * Default: what is no number ends the run with a `DivergedError`, and spikes are let be.
   */
  rollBack?: RollBackOptions;
  /** Updates whose batches are made ready while an earlier one runs; any number gives the same run. Default 1. */
  prefetch?: number;
  /**
   * Of forward and backward, and of evaluations. Parameters, their updates and everything that needs it (norms, losses, sums) stay
   * float32. Default float32. float16 needs loss scaling, which comes with it: a step whose gradients overflow is skipped.
   */
  precision?: Precision;
  /** Of float16. */
  lossScaling?: LossScalingOptions;
  /** Less memory for about a third more time: activations inside the model's blocks are computed again in the backward. Default false. */
  recomputeActivations?: boolean;
  /**
   * Rows of a batch that go through the model at a time; the step adds up their gradients. Fewer take less memory. Default: as many as
   * the executor is fastest with (on a CPU about 1,024 tokens, on a graphics processor all).
   */
  rowsPerPass?: number;
  /**
   * Updates made by one run of the executor, a loop inside of the program: for those that copy the weights to their device and back with
   * each run (CUDA). The numbers are the same, but for the last bits. A run ends early where an evaluation or a checkpoint is due; where
   * batches differ in shape each update is a run. Events of a run come together when it is over; it is not stopped in between. Default 1.
   */
  stepsPerRun?: number;
  /** A bar on standard error, of `run()` alone. Default true. */
  progress?: boolean;
  executor?: Executor;
}

/** How a run is watched and stopped. */
export interface RunOptions {
  /** Called with each event. */
  onEvent?: (event: TrainEvent) => void;
  /** Stops after the current step (with `stepsPerRun` the last of its run), with a checkpoint. */
  signal?: AbortSignal;
  /** Ctrl-C (SIGINT) and SIGTERM stop after the current step with a checkpoint; a second one ends at once. Default true. */
  handleSignals?: boolean;
}

/** Only the default objective may be left out. */
type NeedsObjective<Model extends PretrainedModel, B> = [Model, Batch] extends [DecoderModel, B]
  ? unknown
  : { objective: object };

/**
 * Trains a model.
 *
 * @example
 * const trainer = new Trainer({ model, data, steps: 200, learningRate: 1e-3, checkpoints: { folder: "runs/small" } });
 * await trainer.run();
 */
export class Trainer<Model extends PretrainedModel = CausalLanguageModel, B = Batch> {
  readonly #options: TrainerOptions<Model, B>;
  readonly #objective: Objective<Model, B>;
  #run: TrainingRun<Model, B> | undefined;

  /** Throws a `TrainError` that names the option that cannot work, or what is wrong with data that is in memory. */
  constructor(options: TrainerOptions<Model, B> & NeedsObjective<Model, B>) {
    checkOptions(options);
    this.#options = options;
    // The type of the options leaves no other model and batches without an objective.
    this.#objective = options.objective ?? (causalLanguageModel as unknown as Objective<Model, B>);
    checkObjective(this.#objective, options);
  }

  /** The model as trained so far. */
  get model(): Model {
    return this.#run?.model ?? this.#options.model;
  }

  /** The model with the moving average of its weights; without `ema` the same as `model`. */
  get averagedModel(): Model {
    return this.#run?.averagedModel ?? this.#options.model;
  }

  /**
   * Trains to the last step, or until it is told to stop. Throws a `DivergedError` when the loss is no longer a number. Where anything
   * else fails (no memory for a batch, data that ends, `onEvent`), the steps made so far are saved first, if there is a checkpoint
   * folder.
   */
  async run({ onEvent, signal, handleSignals = true }: RunOptions = {}): Promise<TrainResult> {
    const stop = new AbortController();
    const { progress = true, executor } = this.#options;
    const bar = progress ? progressBar({ executor }) : undefined;
    const onSignal = (name: NodeJS.Signals) => {
      if (stop.signal.aborted) {
        void bar?.finish("stopped");
        process.exit(name === "SIGINT" ? 130 : 143);
      }
      stop.abort();
      if (progress)
        process.stderr.write("\nstopping after this step (once more to end at once, without a checkpoint)\n");
    };
    if (handleSignals) for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, onSignal);
    const stopped = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    const events = this.#events(stopped, [...this.#trackers(), ...(bar ? [bar] : [])]);
    try {
      for (let next = await events.next(); ; next = await events.next()) {
        if (next.done) return next.value;
        try {
          onEvent?.(next.value);
        } catch (error) {
          // The run fails of it, and saves first.
          await events.throw(error);
          throw error;
        }
      }
    } finally {
      await events.return(undefined as never);
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, onSignal);
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<TrainEvent, TrainResult> {
    return this.events();
  }

  /** The run as a stream of events: it trains while they are taken. Leaving the loop stops it, with a checkpoint. */
  events(signal?: AbortSignal): AsyncGenerator<TrainEvent, TrainResult> {
    return this.#events(signal, this.#trackers());
  }

  async *#events(
    signal: AbortSignal | undefined,
    allTrackers: readonly Tracker[],
  ): AsyncGenerator<TrainEvent, TrainResult> {
    const run = new TrainingRun(this.#options, this.#objective);
    this.#run = run;
    const trackers = new Trackers(allTrackers);
    const callbacks = new Callbacks(this.#options.callbacks ?? []);
    const isStopped = () => callbacks.stopped || run.isStoppedEarly || (signal?.aborted ?? false);
    const told = async <E extends TrainEvent>(event: E): Promise<E> => {
      if (event.type === "rollBack") await trackers.rewindTo(event.step);
      await trackers.record(event);
      await callbacks.after(event);
      return event;
    };
    const save = async () => {
      await callbacks.before("beforeCheckpoint", run.step);
      return told(await run.save());
    };
    /** A failure costs no steps that were made; where saving fails as well, the first error is the one to tell. */
    const rescue = async () => {
      if (run.hasUnsavedSteps && run.isBetweenRuns) return save().catch(() => undefined);
    };
    let end: RunEnd = "stopped";
    try {
      const resumed = await run.resume();
      await run.checkMetrics();
      await trackers.start(run.information());
      if (resumed) yield resumed;
      // Steps that have been made are told, too.
      const mayStop = () => isStopped() && run.isBetweenRuns;
      while (run.step < this.#options.steps && !mayStop()) {
        await callbacks.before("beforeStep", run.step + 1);
        if (mayStop()) break;
        const updated = await told(await run.update());
        yield updated;
        if (updated.type === "rollBack") continue;
        if (run.evaluationIsDue) {
          await callbacks.before("beforeEvaluation", run.step);
          const evaluated = await told(await run.evaluate());
          yield evaluated;
          if (evaluated.type === "rollBack") continue;
        }
        if (run.checkpointIsDue) yield await save();
      }
      if (run.hasUnsavedSteps) yield await save();
      if (run.step === this.#options.steps || run.isStoppedEarly) end = "finished";
      return run.result();
    } catch (error) {
      end = "failed";
      const rescued = error instanceof DivergedError ? undefined : await rescue();
      if (rescued) yield rescued;
      throw error;
    } finally {
      // Whoever leaves the loop over the events early stops the run: that costs no steps, either.
      if (end === "stopped") await rescue();
      await run.dispose();
      await trackers.finish(end);
    }
  }

  #trackers(): Tracker[] {
    const { checkpoints, trackers = [] } = this.#options;
    const metricsFile = this.#options.metricsFile ?? (checkpoints && join(checkpoints.folder, "metrics.jsonl"));
    return metricsFile === undefined ? [...trackers] : [jsonLinesTracker(metricsFile), ...trackers];
  }
}
