// Trees of tensors that are alike, as one tree with an axis more: what `scan` goes over.
import { concat, flattenTensors, mapTensors, type Tensor } from "@llm/tensor";

/** True if all trees have the same tensors by path, dtype and shape. */
export function areAlike(trees: readonly unknown[]): boolean {
  const describe = (tree: unknown) =>
    flattenTensors(tree)
      .map(({ path, tensor: { dtype, shape } }) => `${path}: ${dtype}[${shape}]`)
      .sort()
      .join("\n");
  return new Set(trees.map(describe)).size <= 1;
}

/** The trees' tensors of each path one after another along a new first axis; recorded into a program. */
export function stackTrees<T>(trees: readonly T[]): T {
  const tensors = trees.map((tree) => new Map(flattenTensors(tree).map(({ path, tensor }) => [path, tensor])));
  return mapTensors(trees[0]!, (_, path) => concat(tensors.map((tree) => asRow(tree.get(path)!))));
}

function asRow(tensor: Tensor): Tensor {
  return tensor.reshape([1, ...tensor.shape]);
}
