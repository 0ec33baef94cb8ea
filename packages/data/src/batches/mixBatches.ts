// Several tasks in one stream of batches: drawn at random by weight for training, one after the other for evaluation.
import type { BatchPosition, BatchStream } from "../batchStream.ts";
import { DataError } from "../errors.ts";
import { deriveKey } from "../windowOrder.ts";
import { checkSeed } from "./checkCounts.ts";
import { PositionedBatches } from "./positionedBatches.ts";

/** A batch of one of several tasks. `Tasks` has the type of each task's batches by name. */
export type TaskBatch<Tasks extends Readonly<Record<string, unknown>>> = {
  [Name in keyof Tasks & string]: { readonly task: Name; readonly batch: Tasks[Name] };
}[keyof Tasks & string];

/** The stream of each task by name. */
export type TaskStreams<Tasks extends Readonly<Record<string, unknown>>> = {
  readonly [Name in keyof Tasks & string]: BatchStream<Tasks[Name]>;
};

/** How often each task is drawn. */
export interface MixtureOptions {
  /**
   * How often each task is drawn, relative to each other. Default: by its size, the batches of one of its epochs, raised to
   * 1 / temperature.
   */
  readonly weights?: Readonly<Record<string, number>>;
  /** 1 draws in proportion to size; the higher, the more alike (Devlin et al. 2019 use 1 / 0.7, Arivazhagan et al. 2019 use 5). Default 1. */
  readonly temperature?: number;
  /** A task counts as no larger than this many batches (Raffel et al. 2020, section 3.5.2). Default: no limit. */
  readonly sizeLimit?: number;
  /** Chooses the order of the tasks; a safe integer. Default 0. */
  readonly seed?: number;
}

/**
 * Draws each batch from one of the tasks. Which one is a function of the seed and the place in the stream, and so is the place in
 * that task: the mixture can be left and taken up again. The streams must be without end, and are the mixture's from here on.
 * @throws DataError where there is no task, a task is empty, or a weight cannot be.
 *
 * @example
 * const data = mixBatches({ translate: translations, summarize: summaries }, { temperature: 2 });
 */
export function mixBatches<Tasks extends Readonly<Record<string, unknown>>>(
  tasks: TaskStreams<Tasks>,
  options: MixtureOptions = {},
): BatchStream<TaskBatch<Tasks>> {
  const { seed = 0 } = options;
  checkSeed("mixBatches", seed);
  const streams = namedStreams("mixBatches", tasks);
  const shares = sharesOf(streams, options);
  const draws = new Draws(shares);
  return new PositionedBatches({
    batchesPerEpoch: totalBatches(streams),
    seed,
    settings: { shares, tasks: settingsOf(streams) },
    inMemory: inMemoryOf<Tasks>(streams),
    read: inOrderOfCalls(async (position: BatchPosition) => {
      const { task, place } = draws.at(position.seed, position.epoch * totalBatches(streams) + position.step);
      return readTask<Tasks>(streams[task]!, place);
    }),
  });
}

/**
 * Each task from its beginning to its end, one after the other: what an evaluation of a mixture goes over.
 * @throws DataError where there is no task or a task is empty.
 */
export function batchesInTurn<Tasks extends Readonly<Record<string, unknown>>>(
  tasks: TaskStreams<Tasks>,
): BatchStream<TaskBatch<Tasks>> {
  const streams = namedStreams("batchesInTurn", tasks);
  return new PositionedBatches({
    batchesPerEpoch: totalBatches(streams),
    seed: 0,
    settings: { tasks: settingsOf(streams) },
    inMemory: inMemoryOf<Tasks>(streams),
    read: inOrderOfCalls(async ({ epoch, step }: BatchPosition) => {
      let place = step;
      for (const named of streams) {
        const { batchesPerEpoch } = named.stream;
        if (place < batchesPerEpoch) return readTask<Tasks>(named, epoch * batchesPerEpoch + place);
        place -= batchesPerEpoch;
      }
      throw new DataError(`batchesInTurn: no batch ${step} in an epoch`);
    }),
  });
}

interface NamedStream {
  readonly name: string;
  readonly stream: BatchStream<unknown>;
  /** The stream's own, from before the mixture moved it. */
  readonly seed: number;
}

function namedStreams(where: string, tasks: Readonly<Record<string, BatchStream<unknown>>>): NamedStream[] {
  const streams = Object.entries(tasks).map(([name, stream]) => ({ name, stream, seed: stream.position().seed }));
  if (streams.length === 0) throw new DataError(`${where}: expected at least one task, got none`);
  for (const { name, stream } of streams) {
    if (!(stream.batchesPerEpoch > 0)) {
      throw new DataError(`${where}: task "${name}" is empty (give it examples, or leave it out)`);
    }
  }
  return streams;
}

function settingsOf(streams: readonly NamedStream[]): Record<string, unknown> {
  return Object.fromEntries(
    streams.map(({ name, seed, stream: { batchesPerEpoch, settings } }) => [
      name,
      { seed, batchesPerEpoch, ...settings },
    ]),
  );
}

function totalBatches(streams: readonly NamedStream[]): number {
  return streams.reduce((total, { stream }) => total + stream.batchesPerEpoch, 0);
}

function inMemoryOf<Tasks extends Readonly<Record<string, unknown>>>(
  streams: readonly NamedStream[],
): TaskBatch<Tasks>[] | undefined {
  if (!streams.every(({ stream }) => stream.inMemory)) return undefined;
  return streams.flatMap(({ name, stream }) => stream.inMemory!.map((batch) => ({ task: name, batch })) as never[]);
}

/** The batch that is number `place` of all batches that the task has given. */
async function readTask<Tasks extends Readonly<Record<string, unknown>>>(
  { name, stream, seed }: NamedStream,
  place: number,
): Promise<TaskBatch<Tasks>> {
  const { batchesPerEpoch } = stream;
  const wanted = { seed, epoch: Math.floor(place / batchesPerEpoch), step: place % batchesPerEpoch };
  const { epoch, step } = stream.position();
  if (epoch !== wanted.epoch || step !== wanted.step) stream.seek(wanted);
  const batch = await stream.next();
  if (batch === undefined) {
    throw new DataError(
      `mixBatches: task "${name}" ended after epoch ${wanted.epoch} (leave out epochs: it is drawn again)`,
    );
  }
  return { task: name, batch } as TaskBatch<Tasks>;
}

/** Reads share the streams of the tasks: one after the other, in the order in which they were asked for. */
function inOrderOfCalls<B>(read: (position: BatchPosition) => Promise<B>): (position: BatchPosition) => Promise<B> {
  let last: Promise<unknown> = Promise.resolve();
  return (position) => {
    const result = last.then(() => read(position));
    last = result.catch(() => {});
    return result;
  };
}

/** Each task's share of the draws, ending at 1, one on top of the other. */
function sharesOf(streams: readonly NamedStream[], options: MixtureOptions): number[] {
  const { weights, temperature = 1, sizeLimit = Number.POSITIVE_INFINITY } = options;
  for (const [name, value] of Object.entries({ temperature, sizeLimit })) {
    if (!(value > 0)) throw new DataError(`mixBatches: ${name}: expected a number above 0, got ${value}`);
  }
  for (const name of Object.keys(weights ?? {})) {
    if (!streams.some((stream) => stream.name === name)) {
      throw new DataError(`mixBatches: weights names "${name}", which is no task`);
    }
  }
  const values = streams.map(({ name, stream }) => {
    const weight = weights ? weights[name] : Math.min(stream.batchesPerEpoch, sizeLimit) ** (1 / temperature);
    if (weight === undefined || !(weight > 0 && Number.isFinite(weight))) {
      throw new DataError(`mixBatches: weights.${name}: expected a number above 0, got ${weight}`);
    }
    return weight;
  });
  const total = values.reduce((sum, value) => sum + value);
  return values.map((_, i) => values.slice(0, i + 1).reduce((sum, value) => sum + value) / total);
}

/** The tasks drawn, and how often each was drawn before; the counts are kept for draws that come in order. */
class Draws {
  readonly #shares: readonly number[];
  #seed = 0;
  #next = 0;
  #counts: number[];

  constructor(shares: readonly number[]) {
    this.#shares = shares;
    this.#counts = shares.map(() => 0);
  }

  /** Draw number `index` of a seed: the task, and which of its batches. */
  at(seed: number, index: number): { task: number; place: number } {
    if (seed !== this.#seed || index < this.#next) {
      this.#seed = seed;
      this.#next = 0;
      this.#counts = this.#shares.map(() => 0);
    }
    for (; this.#next < index; this.#next++) this.#counts[this.#taskOf(this.#next)]! += 1;
    const task = this.#taskOf(index);
    return { task, place: this.#counts[task]! };
  }

  #taskOf(index: number): number {
    const point = deriveKey(this.#seed, index, 3) / 2 ** 32;
    const task = this.#shares.findIndex((share) => point < share);
    return task < 0 ? this.#shares.length - 1 : task;
  }
}
