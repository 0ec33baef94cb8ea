// Which pieces share a sequence: best fit, the longest first, in O(n log capacity) as in "Fewer Truncations Improve Language Modeling"
// (Ding et al. 2024).
import { DataError } from "./errors.ts";

/**
 * Groups of pieces, by their numbers, whose lengths sum to at most `capacity`. Each piece, the longest first, goes where the least
 * room is left that it fits into.
 *
 * @throws DataError for a length that is no whole number above 0, or above the capacity.
 * @example
 * packLengths([5, 3, 4, 6, 2], 10); // [[3, 2], [0, 1, 4]]
 */
export function packLengths(lengths: ArrayLike<number>, capacity: number): number[][] {
  if (!(Number.isSafeInteger(capacity) && capacity > 0)) {
    throw new DataError(`packLengths: capacity: expected a whole number above 0, got ${capacity}`);
  }
  const order = Array.from(lengths, (_, piece) => piece).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const groups: number[][] = [];
  const rooms = new Rooms(capacity);
  for (const piece of order) {
    const length = lengths[piece]!;
    if (!(Number.isSafeInteger(length) && length > 0 && length <= capacity)) {
      throw new DataError(
        `packLengths: piece ${piece}: expected a length from 1 to ${capacity}, got ${length} (cut it, or leave it out)`,
      );
    }
    const place = rooms.takeSmallest(length) ?? { room: capacity, group: groups.push([]) - 1 };
    groups[place.group]!.push(piece);
    rooms.put(place.room - length, place.group);
  }
  return groups;
}

/** Groups by the room they have left, and a tree over the rooms that tells where any group is. */
class Rooms {
  readonly #groups: number[][];
  readonly #leaves: number;
  /** Node i has the children 2i and 2i + 1; the leaves begin at `#leaves`. 1 where a group is below. */
  readonly #tree: Uint8Array;

  constructor(capacity: number) {
    this.#groups = Array.from({ length: capacity + 1 }, () => []);
    this.#leaves = 2 ** Math.ceil(Math.log2(capacity + 1));
    this.#tree = new Uint8Array(2 * this.#leaves);
  }

  put(room: number, group: number): void {
    this.#groups[room]!.push(group);
    for (let node = room + this.#leaves; node >= 1 && this.#tree[node] === 0; node >>= 1) this.#tree[node] = 1;
  }

  /** A group with the least room of at least `length`; it is taken out. */
  takeSmallest(length: number): { readonly room: number; readonly group: number } | undefined {
    let node = length + this.#leaves;
    while (this.#tree[node] === 0) {
      // Upwards as long as nothing is to the right, then to the right.
      while (node % 2 === 1 || this.#tree[node + 1] === 0) {
        node >>= 1;
        if (node <= 1) return undefined;
      }
      node += 1;
    }
    while (node < this.#leaves) node = this.#tree[2 * node] === 1 ? 2 * node : 2 * node + 1;
    const room = node - this.#leaves;
    const group = this.#groups[room]!.pop()!;
    if (this.#groups[room]!.length === 0) this.#clear(node);
    return { room, group };
  }

  #clear(leaf: number): void {
    this.#tree[leaf] = 0;
    for (let node = leaf >> 1; node >= 1; node >>= 1) {
      this.#tree[node] = this.#tree[2 * node]! | this.#tree[2 * node + 1]!;
    }
  }
}
