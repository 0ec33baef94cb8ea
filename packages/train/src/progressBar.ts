// Progress for people: a bar in a terminal, now and then a line elsewhere.
import type { Executor } from "@llm/tensor";
import { type Options, SingleBar } from "cli-progress";
import { duration } from "./duration.ts";
import type { StepEvent, TrainEvent } from "./events.ts";
import { matmulPeak, shareOfPeak } from "./matmulPeak.ts";
import type { Tracker } from "./trackers/tracker.ts";

/** Without a terminal a line is printed at most this often, in milliseconds. */
const lineInterval = 10_000;

export interface ProgressBarOptions {
  /** Default: standard error. */
  readonly stream?: NodeJS.WriteStream;
  /** The one that trains: its matrix products are the peak that the bar compares with. Default: the default executor. */
  readonly executor?: Executor | undefined;
}

/** Loss, gradient norm, learning rate, speed, memory and time left of each step. */
export function progressBar({ stream = process.stderr, executor }: ProgressBarOptions = {}): Tracker {
  return stream.isTTY ? terminalBar(stream, executor) : plainLines(stream);
}

function terminalBar(stream: NodeJS.WriteStream, executor: Executor | undefined): Tracker {
  const options: Options = {
    format: "{bar} {value}/{total} · loss {loss} · {speed} · {left} left · norm {norm} · rate {rate} · {memory}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 16,
    hideCursor: true,
    stream,
    clearOnComplete: false,
  };
  let bar: SingleBar | undefined;
  let parameters = 0;
  let peak = 0;
  return {
    start: async (run) => {
      parameters = run.parameters;
      peak = await matmulPeak(executor);
    },
    record: async (event) => {
      if (event.type !== "step") return;
      const share = shareOfPeak(event.tokensPerSecond, parameters, peak);
      const payload = {
        loss: event.loss.toFixed(3),
        norm: event.gradientNorm.toPrecision(2),
        rate: event.learningRate.toExponential(1),
        speed: `${Math.round(event.tokensPerSecond)} tokens/s (${Math.round(100 * share)} % of peak)`,
        memory: `${(process.memoryUsage.rss() / 1e9).toFixed(1)} GB`,
        left: duration(event.secondsLeft),
      };
      if (!bar) {
        bar = new SingleBar(options);
        bar.start(event.steps, event.step, payload);
      } else bar.update(event.step, payload);
    },
    rewindTo: async (step) => bar?.update(step),
    finish: async () => bar?.stop(),
  };
}

function plainLines(stream: NodeJS.WriteStream): Tracker {
  let last = Number.NEGATIVE_INFINITY;
  return {
    start: async () => {},
    record: async (event) => {
      const now = performance.now();
      const isDue = event.type !== "step" || now - last >= lineInterval || event.step === event.steps;
      const line = isDue ? lineOf(event) : undefined;
      if (line === undefined) return;
      if (event.type === "step") last = now;
      stream.write(`${line}\n`);
    },
    rewindTo: async () => {},
    finish: async () => {},
  };
}

function lineOf(event: TrainEvent): string | undefined {
  if (event.type === "step") return stepLine(event);
  if (event.type === "evaluation") return `step ${event.step}: held-out loss ${event.loss.toFixed(4)}`;
  if (event.type !== "rollBack") return undefined;
  return `step ${event.from}: ${event.what} is ${event.value}; back to step ${event.step}`;
}

function stepLine({ step, steps, loss, tokensPerSecond, secondsLeft }: StepEvent): string {
  const speed = `${Math.round(tokensPerSecond)} tokens/s`;
  return `step ${step}/${steps}: loss ${loss.toFixed(4)}, ${speed}, ${duration(secondsLeft)} left`;
}
