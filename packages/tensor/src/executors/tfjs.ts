// Runs programs with TensorFlow.js, op by op, in the calling thread: on `tfjs-node-gpu`, `tfjs-node`, or plain JavaScript.
import { DisposedError } from "../errors.ts";
import type { TensorFlow } from "../ops/tensorFlow.ts";
import type { Executor } from "./executor.ts";
import { TfjsBuffer } from "./tfjs/buffer.ts";
import { type TfjsExecutable, tfjsExecutable } from "./tfjs/executable.ts";
import { loadRuntime, type TfjsRuntime } from "./tfjs/runtime.ts";

export type { TfjsRuntime };

/** Which TensorFlow.js runs the programs. */
export interface TfjsOptions {
  /**
   * The installed package to run on. Default: the first that is installed of `@tensorflow/tfjs-node-gpu`, `@tensorflow/tfjs-node`,
   * `@tensorflow/tfjs` and `@tensorflow/tfjs-core` (with `@tensorflow/tfjs-backend-cpu`).
   */
  runtime?: TfjsRuntime;
}

/**
 * An executor on TensorFlow.js, which is loaded with the first program; one that is missing or does not load makes that call fail.
 * Tensors stay with TensorFlow.js between runs and count in its `tf.memory()`.
 *
 * It has float32, int32 and bool. 8-bit integers are held as int32 and wrapped, 16-bit floats as float32 and rounded on the host after
 * each op (exact, and slow); uint32 and int64 (exact up to 2^53) stay on the host, where the reference kernels compute them.
 *
 * @example
 * const step = compile(trainStep, { executor: tfjsExecutor({ runtime: "@tensorflow/tfjs-node" }) });
 */
export function tfjsExecutor(options: TfjsOptions = {}): Executor {
  let loading: Promise<TensorFlow> | undefined;
  let disposed = false;
  const buffers = new Set<TfjsBuffer>();
  const executables = new Set<TfjsExecutable>();

  const requireAlive = (): void => {
    if (disposed) throw new DisposedError("tfjs: the executor was disposed (make a new one)");
  };
  const runtime = (): Promise<TensorFlow> => {
    requireAlive();
    loading ??= loadRuntime(options.runtime);
    return loading;
  };
  const keep = (buffer: TfjsBuffer): TfjsBuffer => {
    buffers.add(buffer);
    return buffer;
  };
  const free = (buffer: TfjsBuffer): void => {
    buffers.delete(buffer);
    buffer.dispose();
  };

  return {
    name: "tfjs",
    compile: async (program, { donated }) => {
      const executable = tfjsExecutable(await runtime(), program, { donated, free });
      executables.add(executable);
      return {
        run: async (inputs) => {
          requireAlive();
          return (await executable.run(inputs)).map(keep);
        },
        dispose: () => {
          executables.delete(executable);
          executable.dispose();
        },
      };
    },
    upload: async (array) => keep(TfjsBuffer.fromHostArray(await runtime(), array)),
    read: (buffer) => (buffer as TfjsBuffer).read(),
    release: (buffer) => free(buffer as TfjsBuffer),
    dispose: async () => {
      disposed = true;
      for (const buffer of buffers) free(buffer);
      for (const executable of executables) executable.dispose();
      executables.clear();
    },
  };
}
