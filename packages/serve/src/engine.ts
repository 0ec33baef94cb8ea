// Runs many sequences over one model: some at a time, which step together, the rest waiting in a bounded queue.
import {
  type CausalLanguageModel,
  type FinishReason,
  type GeneratedLogprob,
  type GeneratedToken,
  type GenerateOptions,
  TextGenerator,
  TokenScorer,
} from "@llm/model";
import type { Executor } from "@llm/tensor";
import { EngineClosedError, QueueFullError, ServeError } from "./errors.ts";

/** How many sequences an engine takes, and what computes. */
export interface EngineOptions {
  /** Sequences that generate at the same time, a token of each with one run of the model. Default 4. */
  maxRunning?: number;
  /** Sequences that may wait for their turn. Default 128. */
  maxWaiting?: number;
  /** What runs the model. Default: ONNX Runtime in a worker thread, which leaves the event loop free. */
  executor?: Executor;
}

/** One continuation to generate. */
export interface SequenceRequest extends Omit<GenerateOptions, "signal"> {
  readonly promptIds: ArrayLike<number>;
  /** 0 only reads the prompt. */
  readonly maxNewTokens: number;
  /** Gets the log-probabilities of the prompt's tokens but the first, before anything is generated; `logprobs` says how much of them. */
  readonly onPrompt?: (scores: readonly GeneratedLogprob[]) => void;
  /** Gets each new token; returning true ends the sequence. */
  readonly onToken: (token: GeneratedToken) => boolean;
}

/** How a sequence ended. */
export interface SequenceEnd {
  readonly finishReason: FinishReason;
  /** What was held back of the text; empty without a tokenizer. */
  readonly text: string;
}

/** Sequences that an engine computes and that wait, and their limits. */
export interface EngineStatus {
  readonly running: number;
  readonly waiting: number;
  readonly maxRunning: number;
  readonly maxWaiting: number;
}

/** Generates many sequences with one model: up to `maxRunning` in turns, up to `maxWaiting` in a queue. What `serve` puts behind HTTP. */
export class Engine {
  readonly model: CausalLanguageModel;
  readonly #generator: TextGenerator;
  readonly #scorer: TokenScorer;
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  /** In order of arrival; calling one starts its sequence. */
  readonly #waiting = new Set<() => void>();
  readonly #tasks = new Map<Promise<SequenceEnd>, AbortController>();
  #running = 0;
  #closed: Promise<void> | undefined;

  /** @throws ServeError if `maxRunning` or `maxWaiting` is no whole number in its range. */
  constructor(model: CausalLanguageModel, { maxRunning = 4, maxWaiting = 128, executor }: EngineOptions = {}) {
    if (!(Number.isInteger(maxRunning) && maxRunning >= 1)) {
      throw new ServeError(`engine: maxRunning must be a whole number, at least 1, got ${maxRunning}`);
    }
    if (!(Number.isInteger(maxWaiting) && maxWaiting >= 0)) {
      throw new ServeError(`engine: maxWaiting must be a whole number, at least 0, got ${maxWaiting}`);
    }
    this.model = model;
    const by = executor ? { executor } : {};
    this.#generator = new TextGenerator(model, { together: true, ...by });
    this.#scorer = new TokenScorer(model, by);
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  get status(): EngineStatus {
    return {
      running: this.#running,
      waiting: this.#waiting.size,
      maxRunning: this.#maxRunning,
      maxWaiting: this.#maxWaiting,
    };
  }

  /** True once `close` was called. */
  get closing(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * Takes all of `sequences` or none. Each promise resolves when its sequence has ended, and rejects with the signal's
   * reason after an abort, or with what the model threw.
   *
   * @throws QueueFullError and EngineClosedError at once, before anything has started
   */
  submit(sequences: readonly SequenceRequest[], { signal }: { signal?: AbortSignal } = {}): Promise<SequenceEnd>[] {
    if (this.closing) throw new EngineClosedError("engine: it is closing and takes no new sequence");
    const room = this.#maxRunning - this.#running + this.#maxWaiting - this.#waiting.size;
    if (sequences.length > room) {
      throw new QueueFullError(
        `engine: the queue has room for ${room} more sequences, got ${sequences.length} (try again later)`,
      );
    }
    return sequences.map((sequence) => this.#start(sequence, signal));
  }

  /** Compiles the program and runs it once, so that the first request does not wait for it and a broken model shows itself now. */
  async warmUp(): Promise<void> {
    await this.submit([{ promptIds: [0], maxNewTokens: 1, temperature: 0, onToken: () => true }])[0];
  }

  /** Takes nothing new, waits up to `timeoutMs` (default 10,000) for what was taken, aborts the rest, and frees the programs. */
  close({ timeoutMs = 10_000 }: { timeoutMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#finish(timeoutMs);
    return this.#closed;
  }

  async #finish(timeoutMs: number): Promise<void> {
    const finished = Promise.allSettled(this.#tasks.keys());
    const timer = setTimeout(() => {
      for (const controller of this.#tasks.values()) controller.abort(new EngineClosedError("engine: closed"));
    }, timeoutMs);
    await finished;
    clearTimeout(timer);
    this.#generator.dispose();
    this.#scorer.dispose();
  }

  #start(sequence: SequenceRequest, signal: AbortSignal | undefined): Promise<SequenceEnd> {
    const controller = new AbortController();
    const abort = () => controller.abort(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    const task = this.#run(sequence, controller.signal).finally(() => {
      signal?.removeEventListener("abort", abort);
      this.#tasks.delete(task);
    });
    this.#tasks.set(task, controller);
    return task;
  }

  async #run(sequence: SequenceRequest, signal: AbortSignal): Promise<SequenceEnd> {
    await this.#turn(signal);
    try {
      return await this.#generate(sequence, signal);
    } finally {
      this.#running--;
      this.#startNext();
    }
  }

  async #generate(sequence: SequenceRequest, signal: AbortSignal): Promise<SequenceEnd> {
    const { promptIds, onPrompt, onToken, ...options } = sequence;
    if (onPrompt) {
      const [scores] = await this.#scorer.score([promptIds], { top: options.logprobs ?? 0, signal });
      onPrompt(scores!);
    }
    if (options.maxNewTokens === 0) return { finishReason: "length", text: "" };
    for await (const event of this.#generator.stream([promptIds], { ...options, signal })) {
      if (event.type === "end") return { finishReason: event.finishReason, text: event.text };
      if (onToken(event)) break;
    }
    return { finishReason: "stop", text: "" };
  }

  /** Resolves when the sequence may run; it then counts as running. */
  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running < this.#maxRunning) {
      this.#running++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(start);
        reject(signal.reason);
      };
      const start = () => {
        signal.removeEventListener("abort", leave);
        this.#running++;
        resolve();
      };
      this.#waiting.add(start);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  #startNext(): void {
    const [first] = this.#waiting;
    if (!first) return;
    this.#waiting.delete(first);
    first();
  }
}
