// What the machine can do at best, to judge the speed of training by.
import { compile, type Executor, type Tensor, tensor } from "@llm/tensor";

/** Products in one run, so that what is around them does not count. */
const products = 4;
const runs = 4;
/** One that needs longer for the small products, in milliseconds, is not asked for the large ones. */
const patience = 5;

/** Floating-point operations per second of a chain of square matrix products, the best of a few: about a third of a second. */
export async function matmulPeak(executor?: Executor): Promise<number> {
  const chain = compile(
    (a: Tensor, b: Tensor) => {
      let x = a;
      for (let i = 0; i < products; i++) x = x.matmul(b);
      return x.sum();
    },
    executor ? { executor } : {},
  );
  const best = async (size: number) => {
    const filled = () => tensor(new Float32Array(size * size).fill(1 / size), { shape: [size, size] });
    const [a, b] = [filled(), filled()];
    const run = async () => {
      const start = performance.now();
      const sum = await chain(a, b);
      await sum.item();
      sum.dispose();
      return performance.now() - start;
    };
    await run(); // compiles
    let milliseconds = await run();
    for (let i = 1; i < runs; i++) milliseconds = Math.min(milliseconds, await run());
    for (const matrix of [a, b]) matrix.dispose();
    return { milliseconds, perSecond: (1000 * products * 2 * size ** 3) / milliseconds };
  };
  try {
    const small = await best(128);
    return small.milliseconds > patience ? small.perSecond : (await best(1024)).perSecond;
  } finally {
    chain.dispose();
  }
}

/**
 * Share of `peak` (operations per second) that training at this speed is. Counts six operations per parameter and token, forward and
 * backward (Kaplan et al. 2020), so neither attention's products of activations nor what is computed again.
 */
export function shareOfPeak(tokensPerSecond: number, parameters: number, peak: number): number {
  return (6 * parameters * tokensPerSecond) / peak;
}
