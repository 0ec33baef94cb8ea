// Limits of an optimiser's settings, told by name where one is outside of them.
import { TrainError } from "../errors.ts";

/** Throws a `TrainError` unless each value is at least 0 and below its limit. */
export function checkLimits(where: string, values: Readonly<Record<string, readonly [value: number, limit: number]>>) {
  for (const [name, [value, limit]] of Object.entries(values)) {
    if (!(value >= 0 && value < limit))
      throw new TrainError(`${where}: ${name} must be at least 0 and below ${limit}, got ${value}`);
  }
}
