// Which learning rate to train with: a short run whose rate grows from far too small to far too large (Smith 2017), read as fastai's
// `lr_find` reads it.
import type { Batch } from "@llm/data";
import type { CausalLanguageModel, PretrainedModel } from "@llm/model";
import { DivergedError, TrainError } from "./errors.ts";
import { learningRatePlot } from "./learningRatePlot.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";

/** What the run has in common with the training it is for; `learningRate`, `steps`, `checkpoints` and so on are the finder's own. */
export interface LearningRateFinderOptions<Model extends PretrainedModel, B>
  extends Pick<
    TrainerOptions<Model, B>,
    | "model"
    | "data"
    | "objective"
    | "optimizer"
    | "trains"
    | "gradientClipping"
    | "accumulation"
    | "seed"
    | "precision"
    | "executor"
  > {
  /** The first rate. Default 1e-7. */
  from?: number;
  /** The last. Default 10. */
  to?: number;
  /** Updates on the way, their rates a geometric sequence. Default 100. */
  steps?: number;
}

/** The rates tried, and what the loss did. */
export interface LearningRateCurve {
  readonly rates: readonly number[];
  /** Of each step, in nats. */
  readonly losses: readonly number[];
  /** Exponential means of the losses (weight 0.02, corrected for the start): what the suggestions are read from. */
  readonly smoothedLosses: readonly number[];
  /** A rate two thirds into the longest valley of the curve: fastai's default, and a good one to start with. */
  readonly suggestion: number;
  /** The rate at which the smoothed loss falls fastest over the logarithm of the rate. */
  readonly steepest: number;
  /** The curve as an SVG picture, to be written to a file. */
  plot(): string;
}

/** As fastai: a smoothed loss of so many times the lowest ends the run. */
const divergence = 4;
const smoothing = 0.98;
/** Points that say too little: the first tenth, and the last five. */
const ignoredAtEnd = 5;
/** Fewer points are no curve. */
const fewestPoints = 10;

/**
 * Tries learning rates on a copy of the model, which stays as it is, and on the first batches of the data, to which the stream goes
 * back.
 *
 * Throws a `TrainError` for rates that cannot be tried and where the loss ran away before there was a curve to read.
 *
 * @example
 * const { suggestion, plot } = await findLearningRate({ model, data });
 * await writeFile("rates.svg", plot());
 */
export async function findLearningRate<Model extends PretrainedModel = CausalLanguageModel, B = Batch>(
  options: LearningRateFinderOptions<Model, B>,
): Promise<LearningRateCurve> {
  const { from = 1e-7, to = 10, steps = 100, ...training } = options;
  if (!(from > 0 && to > from && Number.isFinite(to))) {
    throw new TrainError(`findLearningRate: 0 < from < to expected, got from ${from} and to ${to}`);
  }
  const trainer = new Trainer<Model, B>({
    ...training,
    steps,
    learningRate: { name: "sweep", settings: { from, to }, rateAt: (step) => from * (to / from) ** (step / steps) },
    // The types of the two constructors agree on when an objective may be left out.
  } as ConstructorParameters<typeof Trainer<Model, B>>[0]);
  const start = options.data.position();
  const rates: number[] = [];
  const losses: number[] = [];
  const smoothedLosses: number[] = [];
  try {
    for await (const event of trainer) {
      if (event.type !== "step") continue;
      const { learningRate, loss } = event;
      rates.push(learningRate);
      losses.push(loss);
      smoothedLosses.push(smoothedAfter(losses));
      if (smoothedLosses.at(-1)! > divergence * Math.min(...smoothedLosses)) break;
    }
  } catch (error) {
    // No number any more: the rates are large enough.
    if (!(error instanceof DivergedError)) throw error;
  } finally {
    options.data.seek(start);
  }
  const { suggestion, steepest } = suggestRates(rates, smoothedLosses, steps);
  const plot = () => learningRatePlot({ rates, losses, smoothedLosses, suggestion });
  return { rates, losses, smoothedLosses, suggestion, steepest, plot };
}

/** Reads the curve between its first tenth and its last five points. */
export function suggestRates(
  rates: readonly number[],
  smoothedLosses: readonly number[],
  steps: number,
): Pick<LearningRateCurve, "suggestion" | "steepest"> {
  const first = Math.floor(steps / 10);
  const [readRates, readLosses] = [rates, smoothedLosses].map((values) => values.slice(first, -ignoredAtEnd));
  if (readRates!.length < fewestPoints) {
    throw new TrainError(
      `findLearningRate: the loss ran away after ${rates.length} of ${steps} steps, at a rate of ${rates.at(-1)} (begin with a smaller \`from\`, or take more steps)`,
    );
  }
  return {
    suggestion: readRates![valley(readLosses!)]!,
    steepest: readRates![steepestSlope(readRates!, readLosses!)]!,
  };
}

/** Place half way through the middle third of the longest falling subsequence. */
function valley(losses: readonly number[]): number {
  const lengths = losses.map(() => 1);
  let [start, end] = [0, 0];
  for (let i = 1; i < losses.length; i++) {
    for (let j = 0; j < i; j++) {
      if (losses[i]! < losses[j]! && lengths[i]! < lengths[j]! + 1) lengths[i] = lengths[j]! + 1;
      if (lengths[end]! < lengths[i]!) {
        end = i;
        start = end - lengths[end]!;
      }
    }
  }
  const third = (end - start) / 3;
  return Math.max(0, start + Math.floor(third) + Math.floor(third / 2));
}

function steepestSlope(rates: readonly number[], losses: readonly number[]): number {
  const slopes = losses
    .slice(1)
    .map((loss, i) => (loss - losses[i]!) / (Math.log(rates[i + 1]!) - Math.log(rates[i]!)));
  return slopes.indexOf(Math.min(...slopes));
}

/** Mean of the losses so far, the newer ones weighing more. */
export function smoothedAfter(losses: readonly number[]): number {
  const sum = losses.reduce((mean, loss) => smoothing * mean + (1 - smoothing) * loss, 0);
  return sum / (1 - smoothing ** losses.length);
}
