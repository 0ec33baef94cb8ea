// A stream of batches that lie in memory, for tests: ids in order, one pass after another, or until it ends.
import type { Batch, BatchPosition, BatchStream } from "@llm/data";

export interface MemoryBatchesOptions {
  /** Passes over the batches. Default without end. */
  epochs?: number;
}

/** Gives out `batches` in order. */
export function memoryBatches(
  batches: readonly Batch[],
  { epochs = Infinity }: MemoryBatchesOptions = {},
): BatchStream {
  let position: BatchPosition = { seed: 0, epoch: 0, step: 0 };
  const next = async (): Promise<Batch | undefined> => {
    const { epoch, step, seed } = position;
    if (epoch >= epochs) return undefined;
    position = step + 1 === batches.length ? { seed, epoch: epoch + 1, step: 0 } : { seed, epoch, step: step + 1 };
    return batches[step]!;
  };
  return {
    batchesPerEpoch: batches.length,
    next,
    position: () => position,
    seek: (to) => {
      position = to;
    },
    async *[Symbol.asyncIterator]() {
      for (let batch = await next(); batch; batch = await next()) yield batch;
    },
  };
}

/** A batch from rows of ids: each place predicts the id after it. */
export function batchOf(rows: readonly (readonly number[])[]): Batch {
  const sequenceLength = rows[0]!.length - 1;
  return {
    inputIds: Int32Array.from(rows.flatMap((row) => row.slice(0, -1))),
    labels: Int32Array.from(rows.flatMap((row) => row.slice(1))),
    batchSize: rows.length,
    sequenceLength,
  };
}

/** Batches of rows that count up modulo the vocabulary, each from another start: easy to learn. */
export function countingBatches(count: number, { rows = 2, length = 6, vocabulary = 11 } = {}): Batch[] {
  return Array.from({ length: count }, (_, batch) =>
    batchOf(Array.from({ length: rows }, (_, row) => countingRow(batch * rows + row, length, vocabulary))),
  );
}

function countingRow(start: number, length: number, vocabulary: number): number[] {
  return Array.from({ length: length + 1 }, (_, i) => (3 * start + i) % vocabulary);
}
