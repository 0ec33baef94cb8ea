// The linear layers whose weights are floats: what quantisation and adapters look for.
import { Linear } from "./linear.ts";
import { TransposedLinear } from "./transposedLinear.ts";

export type FloatLinear = Linear | TransposedLinear;

export function isFloatLinear(part: object): part is FloatLinear {
  return part instanceof Linear || part instanceof TransposedLinear;
}
