// The steps of random programs that read and write by index. Indices are always inside.

import type { Tensor } from "../src/graph.ts";
import { iota } from "../src/ops/create.ts";
import { gather, gatherElements, scatterAdd, scatterElementsAdd, updateSlice } from "../src/ops/gather.ts";
import { reshape, slice } from "../src/ops/movement.ts";
import { and, axisOf, hasAxes, isInteger, isNumber, type Step, sameNumbers, sizeAlong, unary } from "./randomValue.ts";

/** int32 of the shape of `x`: places along `axis`, from the last one backward, each `repeats` times. */
function placesAlong(x: Tensor, axis: number, repeats: number): Tensor {
  const size = x.shape[axis] as number;
  const places = iota(size)
    .sub(size - 1)
    .neg()
    .div(repeats);
  return reshape(
    places,
    x.shape.map((_, i) => (i === axis ? size : 1)),
  ).broadcastTo(x.shape);
}

const isKnown = (size: Tensor["shape"][number] | undefined): size is number => typeof size === "number" && size > 0;

export const randomIndexSteps: readonly Step[] = [
  (pick, choice) => {
    const [table, indices] = [pick(0, hasAxes), pick(1, isInteger)];
    if (!table || !indices) return undefined;
    const axis = axisOf(table, choice);
    const size = table.tensor.shape[axis]!;
    if (typeof size !== "number" || size === 0) return undefined;
    const inside = indices.tensor.maximum(0).minimum(size - 1);
    return sameNumbers(table, gather(table.tensor, inside, axis));
  },
  unary(and(hasAxes, isNumber), (x, choice) => {
    const rows = 1 + (choice % 3);
    const indices = iota(x.tensor.shape[0]!).minimum(rows - 1);
    return { tensor: scatterAdd(indices, x.tensor, rows), bound: x.bound * 2 * sizeAlong(x, 0), grid: x.grid };
  }),
  unary(hasAxes, (x, choice) => {
    const axis = axisOf(x, choice);
    if (!isKnown(x.tensor.shape[axis])) return undefined;
    return sameNumbers(x, gatherElements(x.tensor, placesAlong(x.tensor, axis, 1 + (choice % 2)), axis));
  }),
  unary(and(hasAxes, isNumber), (x, choice) => {
    const axis = axisOf(x, choice);
    const size = x.tensor.shape[axis];
    if (!isKnown(size)) return undefined;
    const options = choice % 3 === 0 ? { axis, size, onto: x.tensor } : { axis, size: size + 1 };
    const tensor = scatterElementsAdd(placesAlong(x.tensor, axis, 1 + (choice % 2)), x.tensor, options);
    return { tensor, bound: 3 * x.bound, grid: x.grid };
  }),
  (pick, choice) => {
    const [target, start] = [pick(0, and(hasAxes, isNumber)), pick(1, isInteger)];
    if (!target || !start) return undefined;
    const axis = axisOf(target, choice);
    const size = target.tensor.shape[axis];
    if (!isKnown(size)) return undefined;
    const patch = slice(target.tensor, axis, 0, 1).neg();
    const at = start.tensor
      .sum()
      .maximum(0)
      .minimum(size - 1);
    return sameNumbers(target, updateSlice(target.tensor, patch, at, axis));
  },
];
