// The executor that runs when nobody names one: ONNX Runtime, started at first use.
import type { Executor } from "./executors/executor.ts";
import { onnxExecutor } from "./executors/onnx.ts";

let current: Executor | undefined;

/** The executor used by compiled functions and `data()` unless told otherwise. */
export function defaultExecutor(): Executor {
  current ??= onnxExecutor();
  return current;
}

/**
 * Makes `executor` the default for everything compiled or evaluated from now on.
 *
 * @example
 * setDefaultExecutor(onnxExecutor({ threads: 2 }));
 */
export function setDefaultExecutor(executor: Executor): void {
  current = executor;
}
