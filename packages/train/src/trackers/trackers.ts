// All trackers of a run as one.
import type { TrainEvent } from "../events.ts";
import type { RunEnd, RunInformation, Tracker } from "./tracker.ts";

/** Tells each tracker in turn. */
export class Trackers implements Tracker {
  readonly #trackers: readonly Tracker[];
  /** Those that began: the others have nothing to finish. */
  readonly #started: Tracker[] = [];

  constructor(trackers: readonly Tracker[]) {
    this.#trackers = trackers;
  }

  async start(run: RunInformation): Promise<void> {
    for (const tracker of this.#trackers) {
      this.#started.push(tracker);
      await tracker.start(run);
    }
  }

  async record(event: TrainEvent): Promise<void> {
    for (const tracker of this.#trackers) await tracker.record(event);
  }

  async rewindTo(step: number): Promise<void> {
    for (const tracker of this.#trackers) await tracker.rewindTo(step);
  }

  /** Finishes every one, whatever another throws; then throws the first error, unless the run itself failed: its own says more. */
  async finish(end: RunEnd): Promise<void> {
    const results = await Promise.allSettled(this.#started.splice(0).map((tracker) => tracker.finish(end)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed && end !== "failed") throw failed.reason;
  }
}
