// Batches of examples, in an order that can be left and taken up again. How examples become tensors (padding, masks) is the affair
// of what is trained on them.
import type { BatchPosition, BatchStream } from "../batchStream.ts";
import { DataError } from "../errors.ts";
import { deriveKey, WindowOrder } from "../windowOrder.ts";
import { checkCounts, checkSeed } from "./checkCounts.ts";
import type { ExampleSource } from "./examples.ts";
import { PositionedBatches } from "./positionedBatches.ts";

/** How `exampleBatches` draws and groups examples. */
export interface ExampleBatchOptions<E> {
  /** Examples per batch. */
  readonly batchSize: number;
  /** Chooses the order; a safe integer. Default 0. */
  readonly seed?: number;
  /** Visits the examples in a pseudo-random order, another one each epoch. False: from the first to the last. Default true. */
  readonly shuffle?: boolean;
  /** Passes over the data. Default: without end. */
  readonly epochs?: number;
  /** Ends an epoch with a smaller batch where examples are left. Default: only without shuffling, so that evaluations see them all. */
  readonly keepIncomplete?: boolean;
  /**
   * The length of an example, in tokens: batches are then made of examples of about the same length, which saves padding. Only for
   * examples in memory. Default: any examples share a batch.
   */
  readonly groupByLength?: (example: E) => number;
}

/** Batches whose examples are sorted by length together; enough for little padding, few enough to stay random. */
const batchesPerPool = 50;

/**
 * Starts a stream of batches of examples at its beginning.
 * @throws DataError where there are no examples or fewer than one batch, or for an option that cannot be.
 *
 * @example
 * const stream = exampleBatches([{ text: "good", label: 1 }, { text: "bad", label: 0 }], { batchSize: 2 });
 * const batch = await stream.next();
 */
export function exampleBatches<E>(
  examples: readonly E[] | ExampleSource<E>,
  options: ExampleBatchOptions<E>,
): BatchStream<readonly E[]> {
  const { batchSize, seed = 0, shuffle = true, epochs, keepIncomplete = !shuffle } = options;
  checkCounts("exampleBatches", { batchSize, epochs: epochs ?? 1 });
  checkSeed("exampleBatches", seed);
  const inMemory = Array.isArray(examples) ? (examples as readonly E[]) : undefined;
  const source = inMemory ? arraySource(inMemory) : (examples as ExampleSource<E>);
  if (options.groupByLength && !inMemory) {
    throw new DataError("exampleBatches: groupByLength needs examples in memory (give an array)");
  }
  const batchesPerEpoch = (keepIncomplete ? Math.ceil : Math.floor)(source.length / batchSize);
  if (batchesPerEpoch < 1) {
    throw new DataError(
      `exampleBatches: ${source.name} holds ${source.length} examples, not one batch of ${batchSize} (add examples, or lower batchSize)`,
    );
  }
  const lengths = options.groupByLength && Float64Array.from(inMemory!, options.groupByLength);
  const used = Math.min(source.length, batchesPerEpoch * batchSize);
  const placing = { batchSize, shuffle, lengths, length: source.length, used };
  return new PositionedBatches<readonly E[]>({
    batchesPerEpoch,
    seed,
    epochs,
    settings: { batchSize, shuffle, keepIncomplete, groupByLength: lengths !== undefined },
    inMemory: inMemory && [inMemory],
    read: (position) => Promise.all(indicesOf(position, placing).map((index) => source.read(index))),
  });
}

function arraySource<E>(examples: readonly E[]): ExampleSource<E> {
  return { name: "the array", length: examples.length, read: async (index) => examples[index]! };
}

interface Placing {
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly lengths: Float64Array | undefined;
  /** Examples in all. */
  readonly length: number;
  /** Examples that an epoch visits: all, or all that fill batches. */
  readonly used: number;
}

/** Indices of the examples of one batch. */
function indicesOf(position: BatchPosition, placing: Placing): number[] {
  const { batchSize, lengths } = placing;
  if (lengths) return indicesByLength(position, { ...placing, lengths });
  return inOrder(position, placing, { from: position.step * batchSize, count: batchSize });
}

/** The `count` examples from place `from` on in the epoch's order, or as many as are left. */
function inOrder(
  { seed, epoch }: BatchPosition,
  { shuffle, length, used }: Placing,
  { from, count }: { from: number; count: number },
): number[] {
  const places = Array.from({ length: Math.min(count, used - from) }, (_, i) => from + i);
  if (!shuffle) return places;
  const order = new WindowOrder(length, deriveKey(seed, epoch, 1));
  return places.map((place) => order.at(place));
}

/** A pool of the epoch's order is sorted by length and cut into batches, which come in an order of their own. */
function indicesByLength(position: BatchPosition, placing: Placing & { lengths: Float64Array }): number[] {
  const { batchSize, shuffle, lengths } = placing;
  const { seed, epoch, step } = position;
  const pool = Math.floor(step / batchesPerPool);
  const members = inOrder(position, placing, {
    from: pool * batchesPerPool * batchSize,
    count: batchesPerPool * batchSize,
  });
  members.sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const place = step % batchesPerPool;
  // An incomplete batch stays the last of the epoch.
  const whole = Math.floor(members.length / batchSize);
  const chosen = shuffle && place < whole ? new WindowOrder(whole, deriveKey(seed, epoch, 2 + pool)).at(place) : place;
  return members.slice(chosen * batchSize, (chosen + 1) * batchSize);
}
