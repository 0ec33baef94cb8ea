// Cuts a stream of tokens into windows and hands them out in batches, in an order that can be left and taken up again.
import { checkCounts, checkSeed } from "./batches/checkCounts.ts";
import { PositionedBatches } from "./batches/positionedBatches.ts";
import { DataError } from "./errors.ts";
import { deriveKey, WindowOrder } from "./windowOrder.ts";

/** Inputs and targets of one training step. Both have shape [batchSize, sequenceLength], row-major. */
export interface Batch {
  readonly inputIds: Int32Array;
  /** At each place the token that follows the one in `inputIds`; a label of -100 is to be ignored by the loss. */
  readonly labels: Int32Array;
  /** Only of sequences that hold several texts: the place of each token in its text, which does not see the others. */
  readonly positionIds?: Int32Array;
  readonly batchSize: number;
  readonly sequenceLength: number;
}

/** Options of `TokenDataset.batches`. */
export interface BatchOptions {
  /** Windows per batch. */
  readonly batchSize: number;
  /** Tokens per window. */
  readonly sequenceLength: number;
  /** Chooses the order of the windows; a safe integer. Default 0. */
  readonly seed?: number;
  /**
   * Visits the windows in a pseudo-random order, another one each epoch, and cuts them from another start each epoch.
   * False: from the first to the last. Default true.
   */
  readonly shuffle?: boolean;
  /** Passes over the data. Default: without end. */
  readonly epochs?: number;
}

/** A place in the sequence of batches, as plain JSON. */
export interface BatchPosition {
  readonly seed: number;
  /** Passes over the data completed. */
  readonly epoch: number;
  /** Batches of this epoch already handed out. */
  readonly step: number;
}

/** Batches (windows of tokens, or whatever `B` says), one after another. Iterating and `next` go on from the same place. */
export interface BatchStream<B = Batch> extends AsyncIterable<B> {
  /** Batches in one epoch; the last, incomplete one is left out. */
  readonly batchesPerEpoch: number;
  /** Token ids are below this, where it is known. */
  readonly vocabularySize?: number;
  /** What decides the batches beside data and seed, as JSON: a position fits only a stream with the same. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** All the data where it is in memory, in any division: it can then be checked before a run begins. */
  readonly inMemory?: readonly B[];
  /** The next batch, or undefined after the last epoch. The batch after it is read meanwhile. */
  next(): Promise<B | undefined>;
  /** Where the next batch will come from: save it with a checkpoint. */
  position(): BatchPosition;
  /**
   * Goes to a saved position: the batches from there on are those that followed when it was saved, given the same data,
   * batch size, sequence length and shuffling. The position's seed replaces the stream's own.
   */
  seek(position: BatchPosition): void;
}

/** The tokens a stream of batches is cut from. */
export interface TokenSource {
  /** Names the data in errors. */
  readonly name: string;
  readonly tokenCount: number;
  /** Token ids are below this. */
  readonly vocabularySize?: number;
  read(offset: number, length: number): Promise<Uint32Array>;
}

/**
 * Starts a stream of batches at its beginning.
 * @throws DataError when the tokens do not fill one batch, or an option is impossible.
 */
export function batchStream(source: TokenSource, options: BatchOptions): BatchStream {
  const { batchSize, sequenceLength, seed = 0, epochs } = options;
  checkCounts("batches", { batchSize, sequenceLength, epochs: epochs ?? 1 });
  checkSeed("batches", seed);
  const windows = windowsPerEpoch(source, options);
  return new PositionedBatches<Batch>({
    batchesPerEpoch: Math.floor(windows / batchSize),
    seed,
    epochs,
    vocabularySize: source.vocabularySize,
    settings: { batchSize, sequenceLength, shuffle: options.shuffle ?? true },
    read: (position) => readWindows(source, options, windowOffsets(source, options, { position, windows })),
  });
}

async function readWindows(
  source: TokenSource,
  { batchSize, sequenceLength }: BatchOptions,
  offsets: readonly number[],
): Promise<Batch> {
  const windows = await Promise.all(offsets.map((offset) => source.read(offset, sequenceLength + 1)));
  const inputIds = new Int32Array(batchSize * sequenceLength);
  const labels = new Int32Array(batchSize * sequenceLength);
  for (const [row, window] of windows.entries()) {
    inputIds.set(window.subarray(0, sequenceLength), row * sequenceLength);
    labels.set(window.subarray(1), row * sequenceLength);
  }
  return { inputIds, labels, batchSize, sequenceLength };
}

/** Token offsets of the windows of one batch. */
function windowOffsets(
  source: TokenSource,
  { batchSize, sequenceLength, shuffle = true }: BatchOptions,
  { position, windows }: { position: BatchPosition; windows: number },
): number[] {
  const { seed, epoch, step } = position;
  const places = Array.from({ length: batchSize }, (_, row) => step * batchSize + row);
  if (!shuffle) return places.map((place) => place * sequenceLength);
  const spare = source.tokenCount - 1 - windows * sequenceLength;
  const starts = Math.min(spare + 1, sequenceLength);
  const start = deriveKey(seed, epoch, 0) % starts;
  const order = new WindowOrder(windows, deriveKey(seed, epoch, 1));
  return places.map((place) => start + order.at(place) * sequenceLength);
}

/**
 * Windows that an epoch can visit. Each needs one token more than its length, for the last label. When shuffling, one
 * window's worth is left free for the random start where there is enough data, so that every epoch has the same number.
 */
function windowsPerEpoch({ name, tokenCount }: TokenSource, options: BatchOptions): number {
  const { batchSize, sequenceLength, shuffle = true } = options;
  const windows = Math.floor((tokenCount - 1) / sequenceLength);
  if (windows < batchSize) {
    const needed = batchSize * sequenceLength + 1;
    const what = windows < 1 ? "not even one context" : "not one batch";
    throw new DataError(
      `batches: ${name} holds ${tokenCount} tokens, ${what}: ${needed} are needed for batchSize ${batchSize} × sequenceLength ${sequenceLength} + 1 (add text, or lower batchSize or sequenceLength)`,
    );
  }
  const shifted = Math.floor((tokenCount - sequenceLength) / sequenceLength);
  return shuffle && shifted >= batchSize ? shifted : windows;
}
