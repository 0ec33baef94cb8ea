// Tells whether code frees the buffers that it makes.
import type { Executor } from "@llm/tensor";

/** An executor that counts the buffers it has given out and not taken back. */
export function counting(inner: Executor): { executor: Executor; alive: () => number } {
  const alive = new Set<unknown>();
  const executor: Executor = {
    ...inner,
    upload: async (array) => {
      const buffer = await inner.upload(array);
      alive.add(buffer);
      return buffer;
    },
    release: (buffer) => {
      alive.delete(buffer);
      inner.release(buffer);
    },
    compile: async (program, options) => {
      const executable = await inner.compile(program, options);
      return {
        ...executable,
        run: async (inputs) => {
          const outputs = await executable.run(inputs);
          for (const [i, input] of inputs.entries()) if (options.donated[i]) alive.delete(input);
          for (const output of outputs) alive.add(output);
          return outputs;
        },
      };
    },
  };
  return { executor, alive: () => alive.size };
}
