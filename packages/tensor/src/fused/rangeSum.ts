// The sum of pieces that each cover a range of rows, ranges moving backward: only the rows that further pieces may reach are added to.
import type { Shape, Tensor } from "../graph.ts";
import { add } from "../ops/elementwise.ts";
import { concat, pad, split } from "../ops/movement.ts";

/** Rows from `first` to `last` (not counted). */
interface Range {
  readonly first: number;
  readonly last: number;
}

/** Pieces [..., rows, D] come with ranges whose starts and ends never go forward, and leave no gap; the first one ends at the last row. */
export class RangeSum {
  readonly #finished: Tensor[] = [];
  #open: Tensor | undefined;
  #range: Range | undefined;

  /** What has been added up so far and may still grow. */
  get current(): Tensor {
    return this.#open!;
  }

  add(piece: Tensor, range: Range): void {
    if (!this.#open || !this.#range) {
      this.#open = piece;
      this.#range = range;
      return;
    }
    const { first } = this.#range;
    const [open, done] = divide(this.#open, range.last - first);
    if (done) this.#finished.unshift(done);
    const [fresh, covered] = divide(piece, first - range.first);
    const sum = open && covered ? add(open, covered) : undefined;
    this.#open = sum && fresh ? concat([fresh, sum], -2) : (sum ?? fresh!);
    this.#range = range;
  }

  /** All rows of `shape`; those that no piece covers are zero. */
  total(shape: Shape): Tensor {
    const all = concat([this.#open!, ...this.#finished], -2);
    const missing = (shape.at(-2) as number) - (all.shape.at(-2) as number);
    // Only a window leaves rows out: those before all queries.
    return missing === 0 ? all : pad(all, all.shape.length - 2, missing, 0);
  }
}

/** The first `count` rows and the others; undefined for none. */
function divide(x: Tensor, count: number): readonly [Tensor | undefined, Tensor | undefined] {
  const rows = x.shape.at(-2) as number;
  if (count <= 0) return [undefined, x];
  if (count >= rows) return [x, undefined];
  const [head, tail] = split(x, [count, rows - count], -2);
  return [head!, tail!];
}
