// Axes of size 1 put in and taken out.
import { ShapeError } from "../errors.ts";
import { describeShape, type Tensor } from "../graph.ts";
import { concat, reshape } from "../ops/movement.ts";
import { normalizeAxes, normalizeAxis, requireList } from "../shape.ts";

/** An axis of size 1 more, which is `axis` of the result (-1: behind the last). */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis("unsqueeze", axis, x.shape.length + 1);
  return reshape(x, x.shape.toSpliced(at, 0, 1));
}

/** Without `axes` of size 1. Default: all of them. */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  const ofSizeOne = [...x.shape.keys()].filter((axis) => x.shape[axis] === 1);
  const list = axes === undefined ? ofSizeOne : typeof axes === "number" ? [axes] : axes;
  const out = normalizeAxes("squeeze", list, x.shape.length);
  const larger = out.find((axis) => x.shape[axis] !== 1);
  if (larger !== undefined) {
    throw new ShapeError(`squeeze: axis ${larger} of ${describeShape(x.shape)} has size ${x.shape[larger]}, not 1`);
  }
  return reshape(
    x,
    x.shape.filter((_, axis) => !out.includes(axis)),
  );
}

/** Tensors of one shape side by side along a new axis, `axis` of the result. Default 0. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  requireList("stack", "the tensors", tensors);
  if (tensors.length === 0) throw new ShapeError("stack: expected at least one tensor, got none");
  return concat(
    tensors.map((tensor) => unsqueeze(tensor, axis)),
    axis,
  );
}
