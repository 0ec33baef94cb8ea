// The batches of the updates to come, made ready while an earlier update runs, with the place in the data that each began at.
import type { BatchPosition, BatchStream } from "@llm/data";
import type { PretrainedModel } from "@llm/model";
import { RandomKey } from "@llm/tensor";
import { TrainError } from "./errors.ts";
import type { Objective } from "./objectives/objective.ts";
import { disposeTensors } from "./trainState.ts";
import type { MicroBatch } from "./trainStep.ts";

export interface UpdateQueueOptions<Model extends PretrainedModel, B> {
  readonly model: Model;
  readonly data: BatchStream<B>;
  readonly objective: Objective<Model, B>;
  /** Updates in all: nothing is read beyond. */
  readonly steps: number;
  /** Batches of an update. */
  readonly accumulation: number;
  readonly seed: number;
  /** How many updates are made ready beforehand. */
  readonly depth: number;
}

/** What one update is made from. */
export interface PreparedUpdate {
  readonly microBatches: readonly MicroBatch[];
  readonly tokens: number;
  /** Where the data stood before. */
  readonly position: BatchPosition;
}

interface Waiting {
  readonly step: number;
  /** Where the data stood before; undefined until it is read. */
  position: BatchPosition | undefined;
  readonly update: Promise<PreparedUpdate>;
}

export class UpdateQueue<Model extends PretrainedModel, B> {
  readonly #options: UpdateQueueOptions<Model, B>;
  #waiting: Waiting[] = [];
  /** The last reading: one at a time, so that each begins where the one before ended. */
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: UpdateQueueOptions<Model, B>) {
    this.#options = options;
  }

  /** Where the data of the next update not yet taken begins; every update taken must have arrived. */
  position(): BatchPosition {
    return this.#waiting[0]?.position ?? this.#options.data.position();
  }

  /** Goes on from a place in the data. */
  async seek(position: BatchPosition): Promise<void> {
    await this.#drop();
    this.#options.data.seek(position);
  }

  /** The batches of the update after `step` updates: those that follow the ones taken last, prepared for this step. */
  async take(step: number): Promise<PreparedUpdate> {
    // After a roll-back the batches to come are for other steps: what is drawn for them must be, too.
    if (this.#waiting[0] && this.#waiting[0].step !== step) await this.seek(this.position());
    if (this.#waiting.length === 0) this.#prepare(step);
    return this.#waiting.shift()!.update;
  }

  /** Begins to make ready what comes after the update that follows `step` updates. */
  prepareAfter(step: number): void {
    const { depth, steps } = this.#options;
    for (let next = step + 1 + this.#waiting.length; next < steps && this.#waiting.length < depth; next++) {
      this.#prepare(next);
    }
  }

  /** Frees what is waiting; the stream goes back to the first batch that no update was made from. */
  async dispose(): Promise<void> {
    if (this.#waiting.length > 0) await this.seek(this.position());
  }

  async #drop(): Promise<void> {
    const results = await Promise.allSettled(this.#waiting.map(({ update }) => update));
    for (const result of results) if (result.status === "fulfilled") disposeTensors(result.value.microBatches);
    this.#waiting = [];
  }

  #prepare(step: number): void {
    const waiting: Waiting = {
      step,
      position: undefined,
      update: this.#reading.then(() => {
        waiting.position = this.#options.data.position();
        return this.#read(step);
      }),
    };
    // A failure belongs to the step that takes this; until then nobody listens.
    this.#reading = waiting.update.catch(() => {});
    this.#waiting.push(waiting);
  }

  async #read(step: number): Promise<PreparedUpdate> {
    const { data, accumulation, seed, model, objective, steps } = this.#options;
    const microBatches: MicroBatch[] = [];
    const position = data.position();
    let tokensOfUpdate = 0;
    for (let i = 0; i < accumulation; i++) {
      const batch = await data.next();
      if (!batch) {
        throw new TrainError(
          `Trainer: the data ended at step ${step + 1} of ${steps} (allow more epochs, or train fewer steps)`,
        );
      }
      if (!data.inMemory) objective.checkBatch?.(batch, model);
      const place = step * accumulation + i;
      const { inputs, tokens, task } = objective.prepare(batch, model, { seed, place: `batch ${place}` });
      tokensOfUpdate += tokens;
      microBatches.push({ batch: inputs, key: RandomKey.from(seed, place), task });
    }
    return { microBatches, tokens: tokensOfUpdate, position };
  }
}
