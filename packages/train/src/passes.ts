// A large batch in several passes inside of one program: fewer activations are alive at a time, and they stay in the processor's caches.
import { concat, constant, type Executor, flattenTensors, mapTensors, type RandomKey, scan } from "@llm/tensor";
import { TrainError } from "./errors.ts";
import { mapNamed, type NamedTensors } from "./optimizers/optimizer.ts";

/**
 * Passes for a batch: with `rowsPerPass` so many rows each, without as many rows as come to the tokens that `executor` computes best at
 * a time. One where tensors do not all have the same rows. Throws a `TrainError` if `rowsPerPass` does not divide the rows.
 */
export function passCount(batch: NamedTensors, rowsPerPass: number | undefined, executor: Executor): number {
  const shapes = Object.values(batch).map(({ shape }) => shape as readonly number[]);
  const rows = shapes[0]?.[0];
  if (rows === undefined || shapes.some(([first]) => first !== rows)) return 1;
  if (rowsPerPass !== undefined) {
    if (rows % rowsPerPass !== 0) {
      throw new TrainError(`rowsPerPass: the ${rows} rows of a batch cannot be divided into passes of ${rowsPerPass}`);
    }
    return rows / rowsPerPass;
  }
  const { tokensPerPass = Infinity } = executor;
  const tokensPerRow = Math.max(...shapes.map((shape) => shape.slice(1).reduce((product, size) => product * size, 1)));
  let passes = 1;
  while (passes < rows && (rows % passes !== 0 || (rows / passes) * tokensPerRow > tokensPerPass)) passes++;
  return passes;
}

/** The sum of what `compute` makes of each of `passes` parts of a batch; `like` is a tree with tensors of the types of its results. */
export function sumOverPasses<T>(
  passes: number,
  { batch, key, like }: { batch: NamedTensors; key: RandomKey; like: T },
  compute: (batch: NamedTensors, key: RandomKey) => T,
): T {
  const parts = mapNamed(batch, (tensor) => {
    const [rows, ...others] = tensor.shape as readonly number[];
    return tensor.reshape([passes, rows! / passes, ...others]);
  });
  const keys = mapTensors(key, () =>
    concat(
      Array.from({ length: passes }, (_, pass) => key.derive(pass).words.reshape([1, 2])),
      0,
    ),
  );
  const nothing = mapTensors(like, ({ dtype, shape }) => constant(0, dtype).broadcastTo(shape));
  const [total] = scan(
    (sum: T, part: { batch: NamedTensors; key: RandomKey }) => {
      const added = new Map(flattenTensors(compute(part.batch, part.key)).map(({ path, tensor }) => [path, tensor]));
      return [mapTensors(sum, (tensor, path) => tensor.add(added.get(path)!)), []] as const;
    },
    nothing,
    { batch: parts, key: keys },
  );
  return total;
}
