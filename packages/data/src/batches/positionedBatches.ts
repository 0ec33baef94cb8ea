// Batches that are a function of their position: a stream over them can be left and taken up again, and reads one batch ahead.
import type { BatchPosition, BatchStream } from "../batchStream.ts";
import { DataError } from "../errors.ts";

export interface PositionedBatchesOptions<B> {
  /** At least 1. */
  readonly batchesPerEpoch: number;
  readonly seed: number;
  /** Passes over the data. Default: without end. */
  readonly epochs?: number | undefined;
  readonly inMemory?: readonly B[] | undefined;
  readonly vocabularySize?: number | undefined;
  /** What decides the batches beside data and seed, as JSON. */
  readonly settings: Readonly<Record<string, unknown>>;
  read(position: BatchPosition): Promise<B>;
}

export class PositionedBatches<B> implements BatchStream<B> {
  readonly batchesPerEpoch: number;
  readonly inMemory?: readonly B[];
  readonly vocabularySize?: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly #options: PositionedBatchesOptions<B>;
  #position: BatchPosition;
  #ahead: { readonly position: BatchPosition; readonly batch: Promise<B> } | undefined;

  constructor(options: PositionedBatchesOptions<B>) {
    this.#options = options;
    this.batchesPerEpoch = options.batchesPerEpoch;
    this.settings = options.settings;
    if (options.inMemory) this.inMemory = options.inMemory;
    if (options.vocabularySize !== undefined) this.vocabularySize = options.vocabularySize;
    this.#position = { seed: options.seed, epoch: 0, step: 0 };
  }

  position(): BatchPosition {
    return this.#position;
  }

  seek({ seed, epoch, step }: BatchPosition): void {
    const whole = Number.isSafeInteger(seed) && isCount(epoch) && isCount(step);
    if (!whole || step > this.batchesPerEpoch) {
      throw new DataError(
        `seek: expected a position with a seed, an epoch and a step of at most ${this.batchesPerEpoch}, got ${JSON.stringify({ seed, epoch, step })} (a position fits only the data and the ${Object.keys(this.settings).join(", ")} it was saved with)`,
      );
    }
    this.#position = this.#wrapped({ seed, epoch, step });
    this.#ahead = undefined;
  }

  async next(): Promise<B | undefined> {
    const position = this.#position;
    if (this.#isPastEnd(position)) return undefined;
    const batch = this.#ahead?.position === position ? this.#ahead.batch : this.#options.read(position);
    this.#position = this.#wrapped({ ...position, step: position.step + 1 });
    this.#readAhead(this.#position);
    return batch;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<B> {
    for (let batch = await this.next(); batch !== undefined; batch = await this.next()) yield batch;
  }

  /** The end of an epoch is the beginning of the next. */
  #wrapped({ seed, epoch, step }: BatchPosition): BatchPosition {
    return step === this.batchesPerEpoch ? { seed, epoch: epoch + 1, step: 0 } : { seed, epoch, step };
  }

  #readAhead(position: BatchPosition): void {
    this.#ahead = undefined;
    if (this.#isPastEnd(position)) return;
    const batch = this.#options.read(position);
    // A failure belongs to the call that asks for this batch; until then nobody listens.
    batch.catch(() => {});
    this.#ahead = { position, batch };
  }

  #isPastEnd({ epoch }: BatchPosition): boolean {
    return epoch >= (this.#options.epochs ?? Number.POSITIVE_INFINITY);
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
