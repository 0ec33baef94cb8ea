// Several token data sets in one stream of batches: each row of a batch comes from one of them, each has its share.
import { checkCounts, checkSeed } from "../batches/checkCounts.ts";
import { PositionedBatches } from "../batches/positionedBatches.ts";
import type { Batch, BatchOptions, BatchPosition, BatchStream } from "../batchStream.ts";
import { DataError } from "../errors.ts";
import type { TokenDataset } from "../tokenDataset.ts";
import { MixtureSchedule } from "./mixtureSchedule.ts";

/** One data set of a mixture. */
export interface MixedDataset {
  readonly dataset: TokenDataset;
  /** How often a row is drawn from it, relative to the others: the shares of `samplingShares` over numbers of tokens. */
  readonly weight: number;
}

/** A batch whose rows know where they came from. */
export interface MixedBatch extends Batch {
  /** The name of each row's data set. */
  readonly sources: readonly string[];
}

/**
 * Batches of windows drawn from the data sets by weight, in a seeded order: batch and position are functions of the seed and the
 * place, so that a training goes on after `seek` as if it had never stopped. Each data set is gone through in its own
 * order, epoch after epoch. An epoch of the mixture has as many rows as the data sets have windows.
 *
 * @throws DataError for no data sets, weights out of range, vocabularies or tokenizers that differ, and too few tokens.
 * @example
 * const shares = samplingShares({ en: en.tokenCount, de: de.tokenCount }, { budget: 1e9, maxEpochs: 4 });
 * const batches = mixTokenDatasets(
 *   { en: { dataset: en, weight: shares.en.share }, de: { dataset: de, weight: shares.de.share } },
 *   { batchSize: 32, sequenceLength: 1024 },
 * );
 */
export function mixTokenDatasets(
  datasets: Readonly<Record<string, MixedDataset>>,
  options: BatchOptions,
): BatchStream<MixedBatch> {
  const { batchSize, sequenceLength, seed = 0, shuffle = true, epochs } = options;
  checkCounts("mixTokenDatasets", { batchSize, sequenceLength, epochs: epochs ?? 1 });
  checkSeed("mixTokenDatasets", seed);
  const entries = Object.entries(datasets);
  checkDatasets(entries);
  const streams = entries.map(([, { dataset }]) => dataset.batches({ batchSize: 1, sequenceLength, seed, shuffle }));
  const windows = streams.reduce((sum, { batchesPerEpoch }) => sum + batchesPerEpoch, 0);
  if (windows < batchSize) {
    throw new DataError(
      `mixTokenDatasets: expected windows for one batch of ${batchSize}, got ${windows} (lower batchSize)`,
    );
  }
  const batchesPerEpoch = Math.floor(windows / batchSize);
  const schedule = new MixtureSchedule(
    entries.map(([, { weight }]) => weight),
    seed,
  );

  const read = async (position: BatchPosition): Promise<MixedBatch> => {
    const inputIds = new Int32Array(batchSize * sequenceLength);
    const labels = new Int32Array(batchSize * sequenceLength);
    const sources: string[] = [];
    const first = (position.epoch * batchesPerEpoch + position.step) * batchSize;
    for (let row = 0; row < batchSize; row++) {
      const { source, place } = schedule.at(position.seed, first + row);
      const window = await windowAt(streams[source]!, position.seed, place);
      inputIds.set(window.inputIds, row * sequenceLength);
      labels.set(window.labels, row * sequenceLength);
      sources.push(entries[source]![0]);
    }
    return { inputIds, labels, batchSize, sequenceLength, sources };
  };
  // Reads share the schedule and the streams: one after the other.
  let former: Promise<unknown> = Promise.resolve();
  return new PositionedBatches<MixedBatch>({
    batchesPerEpoch,
    seed,
    epochs,
    vocabularySize: entries[0]![1].dataset.vocabularySize,
    settings: {
      batchSize,
      sequenceLength,
      shuffle,
      weights: Object.fromEntries(entries.map(([name, { weight }]) => [name, weight])),
    },
    read(position) {
      const batch = former.then(() => read(position));
      former = batch.catch(() => {});
      return batch;
    },
  });
}

/** Window number `place` of all that the data set gives, epoch after epoch. */
async function windowAt(stream: BatchStream, seed: number, place: number): Promise<Batch> {
  const { batchesPerEpoch } = stream;
  const wanted = { seed, epoch: Math.floor(place / batchesPerEpoch), step: place % batchesPerEpoch };
  const now = stream.position();
  if (now.seed !== seed || now.epoch !== wanted.epoch || now.step !== wanted.step) stream.seek(wanted);
  return (await stream.next())!;
}

function checkDatasets(entries: readonly (readonly [string, MixedDataset])[]): void {
  const [first] = entries;
  if (!first) throw new DataError("mixTokenDatasets: expected at least one data set, got none");
  for (const [name, { dataset, weight }] of entries) {
    if (!(weight > 0 && Number.isFinite(weight))) {
      throw new DataError(`mixTokenDatasets: ${name}: weight: expected a finite number above 0, got ${weight}`);
    }
    const [firstName, { dataset: other }] = first;
    for (const field of ["vocabularySize", "tokenizerHash"] as const) {
      if (dataset.index[field] === other.index[field]) continue;
      throw new DataError(
        `mixTokenDatasets: ${name} and ${firstName} have different ${field}: ${dataset.index[field]} and ${other.index[field]} (tokenize them with the same tokenizer)`,
      );
    }
  }
}
