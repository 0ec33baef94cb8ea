// How likely a causal language model finds given tokens: what perplexity sums up, for each token, with the likeliest beside it.
import { type CompiledFunction, compile, type Executor, type Tensor, tensor } from "@llm/tensor";
import { ModelError } from "./errors.ts";
import type { GeneratedLogprob } from "./generation/logprobs.ts";
import type { CausalLanguageModel } from "./model.ts";

export interface TokenScorerOptions {
  /** Default: `defaultExecutor()`. */
  executor?: Executor;
}

export interface ScoreOptions {
  /** How many of the likeliest tokens to tell of at each place. Default 0. */
  top?: number;
  signal?: AbortSignal;
}

type Program = CompiledFunction<
  [CausalLanguageModel, inputIds: Tensor, labels: Tensor],
  { own: Tensor; values?: Tensor; indices?: Tensor }
>;

/** Logits of one run, [sequences, positions, vocabularySize]: 256 MiB. */
const maximumLogits = 2 ** 26;
const maximumBatchSize = 16;

/** Scores tokens with one model; its compiled programs are kept between calls. */
export class TokenScorer {
  readonly model: CausalLanguageModel;
  readonly #executor: Executor | undefined;
  /** By the number of likeliest tokens, which a program has built in. */
  readonly #programs = new Map<number, Program>();

  constructor(model: CausalLanguageModel, { executor }: TokenScorerOptions = {}) {
    this.model = model;
    this.#executor = executor;
  }

  /**
   * For each sequence the log-probabilities (nats) of all its tokens but the first, each given those before it, before temperature or
   * penalties. Sequences of different lengths run together, several at a time.
   *
   * @throws ModelError for a sequence longer than the context, ids outside the vocabulary, or `top` above its size. What `signal`
   * aborts with.
   *
   * @example
   * const [scores] = await new TokenScorer(model).score([tokenizer.encode("the cat sat")], { top: 1 });
   */
  async score(
    sequences: readonly ArrayLike<number>[],
    { top = 0, signal }: ScoreOptions = {},
  ): Promise<GeneratedLogprob[][]> {
    const { vocabularySize } = this.model.config;
    if (!(Number.isInteger(top) && top >= 0 && top <= vocabularySize)) {
      throw new ModelError(`score: top must be a whole number from 0 to ${vocabularySize}, got ${top}`);
    }
    for (const [index, ids] of sequences.entries()) this.#check(ids, index);
    const scores: GeneratedLogprob[][] = sequences.map(() => []);
    // Neighbours in length run together, so that little of a batch is padding.
    const order = sequences.map((_, index) => index).filter((index) => sequences[index]!.length > 1);
    order.sort((a, b) => sequences[b]!.length - sequences[a]!.length);
    while (order.length > 0) {
      signal?.throwIfAborted();
      const positions = sequences[order[0]!]!.length - 1;
      const fitting = Math.max(1, Math.floor(maximumLogits / (positions * vocabularySize)));
      const batch = order.splice(0, Math.min(maximumBatchSize, fitting));
      const found = await this.#run(
        batch.map((index) => sequences[index]!),
        top,
      );
      for (const [row, index] of batch.entries()) scores[index] = found[row]!;
    }
    return scores;
  }

  /** Frees the compiled programs. The model stays. */
  dispose(): void {
    for (const program of this.#programs.values()) program.dispose();
    this.#programs.clear();
  }

  #check(ids: ArrayLike<number>, index: number): void {
    const { contextLength, vocabularySize } = this.model.config;
    // The last token is only looked for, not read.
    if (ids.length > contextLength + 1) {
      throw new ModelError(
        `score: sequence ${index} has ${ids.length} tokens, the model's context holds ${contextLength} and one after them (cut it at its start)`,
      );
    }
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (Number.isInteger(id) && id >= 0 && id < vocabularySize) continue;
      throw new ModelError(
        `score: sequence ${index} has token id ${id} at position ${i}, outside the vocabulary of ${vocabularySize}`,
      );
    }
  }

  /** One run of the sequences, the longest first; what is missing behind the others is never looked at. */
  async #run(sequences: readonly ArrayLike<number>[], top: number): Promise<GeneratedLogprob[][]> {
    const positions = sequences[0]!.length - 1;
    const read = new Int32Array(sequences.length * positions);
    const next = new Int32Array(sequences.length * positions);
    for (const [row, ids] of sequences.entries()) {
      for (let i = 0; i + 1 < ids.length; i++) {
        read[row * positions + i] = ids[i]!;
        next[row * positions + i] = ids[i + 1]!;
      }
    }
    using inputIds = tensor(read, { shape: [sequences.length, positions] });
    using labels = tensor(next, { shape: [sequences.length, positions, 1] });
    const result = await this.#program(top)(this.model, inputIds, labels);
    using own = result.own;
    using values = result.values;
    using indices = result.indices;
    const logprobs = (await own.data()) as Float32Array;
    const topLogprobs = (await values?.data()) as Float32Array | undefined;
    const topIds = await indices?.data();
    return sequences.map((ids, row) =>
      Array.from({ length: ids.length - 1 }, (_, i) => {
        const at = row * positions + i;
        return {
          id: ids[i + 1]!,
          logprob: logprobs[at]!,
          top: Array.from({ length: top }, (_, j) => ({
            id: Number(topIds![at * top + j]!),
            logprob: topLogprobs![at * top + j]!,
          })),
        };
      }),
    );
  }

  #program(top: number): Program {
    const known = this.#programs.get(top);
    if (known) return known;
    // The weights are not constants of the program: a generator may hold them as such already.
    const program: Program = compile(
      (model, inputIds, labels) => {
        const logprobs = model.forward(inputIds).logSoftmax();
        const own = logprobs.gatherElements(labels, 2);
        return top === 0 ? { own } : { own, ...logprobs.topK(top, 2) };
      },
      {
        dynamic: { "1": ["batch", "sequence"], "2": ["batch", "sequence", 1] },
        ...(this.#executor ? { executor: this.#executor } : {}),
      },
    );
    this.#programs.set(top, program);
    return program;
  }
}
