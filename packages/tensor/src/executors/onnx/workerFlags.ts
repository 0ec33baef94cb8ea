// What a worker thread and the thread that started it know of each other at once, without messages. Ending a thread while it is inside of
// ONNX Runtime's binding ends the whole process (its calls into an environment that is going throw), so one waits for the other.

const working = 0;
const ending = 1;
/** Longest wait at the end of the process, in milliseconds: a thread that died in its work does not say so. */
const longestWait = 60_000;

/** Shared flags of a worker thread; `buffer` goes to it with its data. */
export class WorkerFlags {
  readonly buffer: SharedArrayBuffer;
  readonly #flags: Int32Array;

  constructor(buffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer;
    this.#flags = new Int32Array(buffer);
  }

  /** In the worker: what follows must not be interrupted. False where nothing more may begin, because the thread is to end. */
  begin(): boolean {
    Atomics.store(this.#flags, working, 1);
    if (Atomics.load(this.#flags, ending) === 0) return true;
    this.end();
    return false;
  }

  /** In the worker: it may be interrupted again. */
  end(): void {
    Atomics.store(this.#flags, working, 0);
    Atomics.notify(this.#flags, working);
  }

  /** Nothing more begins. */
  stop(): void {
    Atomics.store(this.#flags, ending, 1);
  }

  /** Blocks until what has begun is done. */
  wait(): void {
    Atomics.wait(this.#flags, working, 1, longestWait);
  }
}

const running = new Set<WorkerFlags>();

function endAll(): void {
  for (const flags of running) flags.stop();
  for (const flags of running) flags.wait();
}

/** Lets the thread finish what it has begun before the process exits; returns what takes that back. */
export function waitAtExit(flags: WorkerFlags): () => void {
  if (running.size === 0) process.on("exit", endAll);
  running.add(flags);
  return () => {
    running.delete(flags);
    if (running.size === 0) process.off("exit", endAll);
  };
}
