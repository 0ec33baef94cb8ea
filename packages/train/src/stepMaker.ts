// From batches to updates: takes what the next run of the executor needs, and has the batches after it made ready while it runs.
import type { BatchPosition } from "@llm/data";
import type { PretrainedModel } from "@llm/model";
import type { Schedule } from "./schedules.ts";
import { runOneStep, type StepNumbers, type StepsInOneRun } from "./stepsInOneRun.ts";
import { disposeTensors, type TrainState } from "./trainState.ts";
import type { TrainStep } from "./trainStep.ts";
import type { PreparedUpdate, UpdateQueue } from "./updateQueue.ts";

/** A step that has been made, and what there is to tell of it. */
export interface MadeStep {
  readonly result: StepNumbers;
  readonly learningRate: number;
  readonly tokens: number;
  /** Where the data stood before it. */
  readonly position: BatchPosition;
  readonly seconds: number;
  /** Seconds of it that went by before its batches were there. */
  readonly dataWait: number;
}

export interface StepMakerOptions<Model extends PretrainedModel, B> {
  readonly queue: UpdateQueue<Model, B>;
  readonly schedule: Schedule;
  readonly trainStep: TrainStep<Model>;
  /** Undefined where each step is a run. */
  readonly loop: StepsInOneRun<Model> | undefined;
}

export class StepMaker<Model extends PretrainedModel, B> {
  readonly #options: StepMakerOptions<Model, B>;

  constructor(options: StepMakerOptions<Model, B>) {
    this.#options = options;
  }

  /** Makes the `count` steps after `step` updates. `state` is given up; the result holds that after all of them. */
  async make(
    state: TrainState<Model>,
    { step, count }: { step: number; count: number },
  ): Promise<{ state: TrainState<Model>; made: MadeStep[] }> {
    const { queue, schedule, trainStep, loop } = this.#options;
    const start = performance.now();
    const learningRates = Array.from({ length: count }, (_, i) => schedule.rateAt(step + i));
    const updates: PreparedUpdate[] = [];
    for (let i = 0; i < count; i++) updates.push(await queue.take(step + i));
    // The time of a run is its steps' in equal parts.
    const secondsPerStep = () => (performance.now() - start) / 1000 / count;
    const dataWait = secondsPerStep();
    const microBatches = updates.map(({ microBatches }) => microBatches);
    const running = loop
      ? loop.run(state, microBatches, step, learningRates)
      : runOneStep(trainStep, state, microBatches[0]!, step, learningRates[0]!);
    queue.prepareAfter(step + count - 1);
    const { state: next, results } = await running;
    disposeTensors(microBatches);
    const seconds = secondsPerStep();
    const made = updates.map(({ tokens, position }, i) => {
      return { result: results[i]!, learningRate: learningRates[i]!, tokens, position, seconds, dataWait };
    });
    return { state: next, made };
  }

  /** Frees the compiled programs. */
  dispose(): void {
    this.#options.trainStep.dispose();
    this.#options.loop?.dispose();
  }
}
