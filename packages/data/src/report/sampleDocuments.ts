// A sample of a stream, every document with the same chance (Vitter's algorithm R, 1985), the same for the same stream.
import { mix32 } from "../windowOrder.ts";

/** Keeps at most `size` of the items it is offered. */
export class Sample<T> {
  readonly items: T[] = [];
  readonly #size: number;
  #offered = 0;

  constructor(size: number) {
    this.#size = size;
  }

  offer(item: T): void {
    const place = Math.floor((mix32(0, this.#offered) / 2 ** 32) * (this.#offered + 1));
    this.#offered += 1;
    if (this.items.length < this.#size) this.items.push(item);
    else if (place < this.#size) this.items[place] = item;
  }
}
