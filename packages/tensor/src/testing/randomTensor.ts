// Stored tensors of random numbers for tests.

import type { Tensor } from "../graph.ts";
import { tensor } from "../ops/create.ts";
import { hostRandomNormal } from "../random.ts";
import { concreteCount } from "../shape.ts";

/** float32 of a standard normal distribution; the name decides the numbers. */
export function randomTensor(name: string, shape: readonly number[]): Tensor {
  return tensor(hostRandomNormal(1, name, concreteCount(shape)), { shape });
}
