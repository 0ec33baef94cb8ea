// A trie over the code units of tokens, in typed arrays: which tokens a text starts with, without making strings.
import { PairTable } from "./pairTable.ts";

export class TokenTrie {
  readonly root = 0;
  /** (node, code unit) to the number of the child. */
  readonly #children = new PairTable();
  /** The id of the token that ends at each node, or -1. */
  readonly #ids: number[] = [-1];

  /** Adds a token that is not empty. */
  add(token: string, id: number): void {
    let node = this.root;
    for (let at = 0; at < token.length; at++) {
      const unit = token.charCodeAt(at);
      let next = this.child(node, unit);
      if (next < 0) {
        next = this.#ids.length;
        this.#ids.push(-1);
        this.#children.set(node, unit, next, 0);
      }
      node = next;
    }
    if (node !== this.root) this.#ids[node] = id;
  }

  /** The node behind `node` on a code unit, or -1. */
  child(node: number, unit: number): number {
    const at = this.#children.find(node, unit);
    return at < 0 ? -1 : this.#children.first(at);
  }

  /** The id of the token that ends at `node`, or -1. */
  idAt(node: number): number {
    return this.#ids[node]!;
  }
}
