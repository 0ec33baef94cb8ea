// MLflow, by its REST API. Numbers are sent in the background: a slow or absent server does not hold up a step.
import { TrainError } from "../errors.ts";
import type { TrainEvent } from "../events.ts";
import { MlflowClient, type MlflowMetric, type MlflowServer } from "./mlflowClient.ts";
import { flatSettings, scalarsOf } from "./scalars.ts";
import type { RunEnd, Tracker } from "./tracker.ts";

export interface MlflowOptions extends MlflowServer {
  /** Name of the experiment, made where there is none. */
  readonly experiment: string;
  /** Name of the run. A run that goes on from a checkpoint goes on in the newest run of this name. */
  readonly name: string;
  /** Seconds between two sendings. Default 5. */
  readonly interval?: number;
}

/** The API takes at most so many in one request. */
const batchSize = 1000;
/** Tries to send the rest when the run has ended. */
const finalTries = 3;

/**
 * Sends settings, numbers and the end of the run to an MLflow server. Throws where the server cannot be reached at the start; later
 * failures are tried again, and what could not be delivered in the end is told by a process warning. Of a run that is killed, the
 * numbers of the last `interval` before it can be missing, as far as its last checkpoint.
 *
 * MLflow cannot take back numbers. A step that a resumed run repeats with the same loss is not sent again; one that comes out
 * differently (another learning rate, a roll-back) is, and MLflow takes the newest of a step as its value.
 */
export function mlflowTracker(options: MlflowOptions): Tracker {
  const { experiment, name, interval = 5 } = options;
  for (const [option, value] of Object.entries({ experiment, name })) {
    if (typeof value !== "string" || value === "")
      throw new TrainError(`mlflowTracker: ${option} expected, got ${value}`);
  }
  if (name.includes('"')) {
    throw new TrainError(
      `mlflowTracker: the run's name must not have double quotes, got ${name} (MLflow's search knows no escapes)`,
    );
  }
  const client = new MlflowClient(options);
  let outbox: Outbox | undefined;
  let sent: ReadonlyMap<number, number> = new Map();
  /** The newest step that came out as the server has it. */
  let repeated = 0;
  return {
    async start({ step, settings }) {
      const experimentId = await client.experiment(experiment);
      const earlier = step > 0 ? await client.findRun(experimentId, name) : undefined;
      const runId = earlier ?? (await client.createRun(experimentId, name));
      if (earlier === undefined) await client.logParameters(runId, flatSettings(settings));
      else {
        await client.setStatus(runId, "RUNNING");
        sent = await client.history(runId, "train/loss");
      }
      repeated = step;
      outbox = new Outbox(client, runId, interval);
    },
    async record(event: TrainEvent) {
      // A run that is killed goes on from here and does not tell again what came before.
      if (event.type === "checkpoint") outbox!.send();
      if (event.type === "step" && sent.get(event.step) === event.loss) repeated = event.step;
      if (event.step <= repeated && sent.has(event.step)) return;
      const timestamp = Date.now();
      outbox!.add(
        Object.entries(scalarsOf(event)).map(([key, value]) => ({ key, value, step: event.step, timestamp })),
      );
    },
    async rewindTo(step) {
      outbox!.drop(step);
      sent = new Map([...sent].filter(([known]) => known <= step));
    },
    async finish(end) {
      await outbox?.close(end);
      outbox = undefined;
    },
  };
}

/** What is still to be sent of one run. */
class Outbox {
  readonly #client: MlflowClient;
  readonly #runId: string;
  readonly #timer: NodeJS.Timeout;
  #waiting: MlflowMetric[] = [];
  #sending: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  constructor(client: MlflowClient, runId: string, interval: number) {
    this.#client = client;
    this.#runId = runId;
    this.#timer = setInterval(() => this.send(), interval * 1000).unref();
  }

  add(metrics: readonly MlflowMetric[]): void {
    this.#waiting.push(...metrics);
  }

  /** Forgets what was to be sent of steps after `step`. */
  drop(step: number): void {
    this.#waiting = this.#waiting.filter((metric) => metric.step <= step);
  }

  async close(end: RunEnd): Promise<void> {
    clearInterval(this.#timer);
    for (let i = 0; i < finalTries; i++) {
      await this.send();
      if (this.#waiting.length === 0) break;
    }
    const status = { finished: "FINISHED", stopped: "KILLED", failed: "FAILED" } as const;
    await this.#client.setStatus(this.#runId, status[end]).catch((error: Error) => {
      this.#failure = error;
    });
    if (this.#failure) {
      process.emitWarning(`${this.#failure.message}; ${this.#waiting.length} numbers of the run were not delivered`);
    }
  }

  /** Sends all that waits. One sending at a time: each waits for the one before. */
  send(): Promise<void> {
    this.#sending = this.#sending.then(async () => {
      this.#failure = undefined;
      while (this.#waiting.length > 0 && !this.#failure) {
        const batch = this.#waiting.splice(0, batchSize);
        await this.#client.logMetrics(this.#runId, batch).catch((error: Error) => {
          this.#waiting.unshift(...batch);
          this.#failure = error;
        });
      }
    });
    return this.#sending;
  }
}
