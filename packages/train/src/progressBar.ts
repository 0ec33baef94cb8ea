// Progress for people: a bar in a terminal, now and then a line elsewhere.
import { type Options, SingleBar } from "cli-progress";
import type { TrainEvent } from "./events.ts";

/** Without a terminal a line is printed at most this often, in milliseconds. */
const lineInterval = 10_000;

export interface Progress {
  show(event: TrainEvent): void;
  stop(): void;
}

/** Loss, tokens per second and time left, written to `stream` (default: standard error). */
export function progressBar(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? terminalBar(stream) : plainLines(stream);
}

function terminalBar(stream: NodeJS.WriteStream): Progress {
  const options: Options = {
    format: "{bar} {value}/{total} · loss {loss} · {rate} tokens/s · {left} left",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    hideCursor: true,
    stream,
    clearOnComplete: false,
  };
  let bar: SingleBar | undefined;
  return {
    show: (event) => {
      if (event.type !== "step") return;
      const payload = {
        loss: event.loss.toFixed(3),
        rate: Math.round(event.tokensPerSecond),
        left: duration(event.secondsLeft),
      };
      if (!bar) {
        bar = new SingleBar(options);
        bar.start(event.steps, event.step, payload);
      } else bar.update(event.step, payload);
    },
    stop: () => bar?.stop(),
  };
}

function plainLines(stream: NodeJS.WriteStream): Progress {
  let last = Number.NEGATIVE_INFINITY;
  return {
    show: (event) => {
      if (event.type === "evaluation") stream.write(`step ${event.step}: held-out loss ${event.loss.toFixed(4)}\n`);
      if (event.type !== "step") return;
      const now = performance.now();
      if (now - last < lineInterval && event.step < event.steps) return;
      last = now;
      stream.write(
        `step ${event.step}/${event.steps}: loss ${event.loss.toFixed(4)}, ${Math.round(event.tokensPerSecond)} tokens/s, ${duration(event.secondsLeft)} left\n`,
      );
    },
    stop: () => {},
  };
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
