// Disjoint sets of documents in typed arrays: 16 bytes a document that may be joined, no limit of a Map's size.

/** Joins documents, which are told by increasing numbers: the larger set takes in the smaller, as datatrove's does. */
export class DocumentClusters {
  readonly #members: Float64Array;
  readonly #parents: Int32Array;
  readonly #sizes: Int32Array;

  /** @param members the numbers of all documents that may be joined, ascending. */
  constructor(members: Float64Array) {
    this.#members = members;
    this.#parents = Int32Array.from(members, (_, index) => index);
    this.#sizes = new Int32Array(members.length).fill(1);
  }

  /** Sets of two or more. */
  get count(): number {
    return this.#parents.reduce((sets, parent, index) => sets + Number(parent === index && this.#sizes[index]! > 1), 0);
  }

  /** Where both sets are of the same size that of `a` stays; so the order of joining decides which member stands for a set. */
  join(a: number, b: number): void {
    let larger = this.#root(this.#indexOf(a));
    let smaller = this.#root(this.#indexOf(b));
    if (larger === smaller) return;
    if (this.#sizes[larger]! < this.#sizes[smaller]!) [larger, smaller] = [smaller, larger];
    this.#parents[smaller] = larger;
    this.#sizes[larger]! += this.#sizes[smaller]!;
  }

  /** All members but the one that stands for each set, ascending. */
  otherMembers(): Float64Array {
    return this.#members.filter((_, index) => this.#root(index) !== index);
  }

  #root(index: number): number {
    let at = index;
    while (this.#parents[at] !== at) {
      // Path halving.
      this.#parents[at] = this.#parents[this.#parents[at]!]!;
      at = this.#parents[at]!;
    }
    return at;
  }

  #indexOf(member: number): number {
    let low = 0;
    let high = this.#members.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#members[middle]! < member) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
