// Computes a tensor that was recorded outside of a compiled function, when its elements are asked for.
import { defaultExecutor } from "./defaultExecutor.ts";
import type { Executor } from "./executors/executor.ts";
import type { Tensor } from "./graph.ts";
import { optimize } from "./optimize.ts";
import { closeProgram } from "./program.ts";
import { Storage } from "./storage.ts";

const underWay = new WeakMap<Tensor, Promise<Storage>>();

/** Where the elements of `tensor` are, computed first if need be. */
export function evaluate(tensor: Tensor, executor: Executor = defaultExecutor()): Promise<Storage> {
  if (tensor.storage) return Promise.resolve(tensor.storage);
  const started = underWay.get(tensor);
  if (started) return started;
  const computed = compute(tensor, executor).finally(() => underWay.delete(tensor));
  underWay.set(tensor, computed);
  return computed;
}

async function compute(tensor: Tensor, executor: Executor): Promise<Storage> {
  const { program, captured } = closeProgram([], [tensor]);
  const executable = await executor.compile(optimize(program), { donated: captured.map(() => false) });
  try {
    const inputs = await Promise.all(captured.map(({ storage }) => storage!.forExecutor(executor)));
    const [buffer] = await executable.run(inputs);
    tensor.storage = Storage.fromBuffer(executor, buffer!);
    return tensor.storage;
  } finally {
    executable.dispose();
  }
}
