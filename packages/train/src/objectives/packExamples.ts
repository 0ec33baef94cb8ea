// Puts examples of different length together, so that little of a sequence is padding.
import { packLengths } from "@llm/data";
import { TrainError } from "../errors.ts";

/**
 * Groups of examples that have at most `length` tokens together, by best fit (`packLengths` of `@llm/data`). Every example is in one
 * group; those of a group keep their order.
 * @throws TrainError for an example that is longer, or empty.
 *
 * @example
 * const rows = packExamples(conversations, 1024);
 * const data = exampleBatches(rows, { batchSize: 8 });
 */
export function packExamples<E extends { readonly inputIds: ArrayLike<number> }>(
  examples: readonly E[],
  length: number,
): (readonly E[])[] {
  if (!(Number.isSafeInteger(length) && length > 0)) {
    throw new TrainError(`packExamples: length must be a whole number above 0, got ${length}`);
  }
  const lengths = examples.map(({ inputIds }) => inputIds.length);
  const misfit = lengths.findIndex((tokens) => tokens === 0 || tokens > length);
  if (misfit >= 0) {
    throw new TrainError(
      `packExamples: example ${misfit} has ${lengths[misfit]} tokens, a sequence takes 1 to ${length} (leave it out, or cut it where it is encoded)`,
    );
  }
  return packLengths(lengths, length).map((group) => group.sort((a, b) => a - b).map((i) => examples[i]!));
}
