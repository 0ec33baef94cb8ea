// Puts examples of different length together, so that little of a sequence is padding: best fit, the longest first (Johnson 1974;
// as a packing of training data, Ding et al. 2024).
import { TrainError } from "../errors.ts";

/**
 * Groups of examples that have at most `length` tokens together. Every example is in one group; those of a group keep their order.
 * @throws TrainError for an example that is longer.
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
  const long = lengths.findIndex((tokens) => tokens > length);
  if (long >= 0) {
    throw new TrainError(
      `packExamples: example ${long} has ${lengths[long]} tokens, a sequence ${length} (leave it out, or cut it where it is encoded)`,
    );
  }
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const groups: number[][] = [];
  // For each number of tokens the groups that have room for just as many.
  const withRoom: number[][] = Array.from({ length: length + 1 }, () => []);
  for (const example of order) {
    let room = lengths[example]!;
    while (room < length && withRoom[room]!.length === 0) room += 1;
    const group = withRoom[room]!.pop() ?? groups.push([]) - 1;
    groups[group]!.push(example);
    withRoom[room - lengths[example]!]!.push(group);
  }
  return groups.map((group) => group.sort((a, b) => a - b).map((i) => examples[i]!));
}
