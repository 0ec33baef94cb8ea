// Keeps long training kind to the rest of the process: other work gets its turn, progress is reported, a signal stops it.
import { setImmediate as nextTurn } from "node:timers/promises";

/** Called some times a second, and at the end of each phase. */
export interface PaceOptions<Progress> {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

const reportMilliseconds = 100;

export class Pace<Progress> {
  readonly signal: AbortSignal | undefined;
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  #last = performance.now();

  constructor({ onProgress, signal }: PaceOptions<Progress>) {
    this.#onProgress = onProgress;
    this.signal = signal;
    signal?.throwIfAborted();
  }

  /** Reports and yields if it is time to. */
  async check(progress: () => Progress): Promise<void> {
    if (performance.now() - this.#last < reportMilliseconds) return;
    this.#onProgress?.(progress());
    await nextTurn();
    this.signal?.throwIfAborted();
    this.#last = performance.now();
  }

  report(progress: Progress): void {
    this.signal?.throwIfAborted();
    this.#onProgress?.(progress);
  }
}
