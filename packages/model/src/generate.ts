// Text generation with a KV cache: the prompt in one run, then one token a run. `generateNaive` is its slow twin without a cache.
import { type CompiledFunction, compile, type Executor, type Tensor, tensor } from "@llm/tensor";
import { ModelError } from "./errors.ts";
import { cacheGrower, cacheShape, disposeCache, emptyCache, type KeyValueCache } from "./keyValueCache.ts";
import type { CausalLanguageModel } from "./model.ts";
import { checkSampling, type SamplingOptions, sampleToken } from "./sample.ts";

export interface GenerateOptions extends SamplingOptions {
  /** Default: until the context is full. */
  maxNewTokens?: number;
  /** Tokens after which generation ends; the token itself is not given out. Default none. */
  stopIds?: readonly number[];
  signal?: AbortSignal;
}

/** Smallest room of a cache, in positions; it doubles as it fills. */
const smallestCapacity = 64;

type Step = CompiledFunction<[CausalLanguageModel, Tensor, KeyValueCache], { logits: Tensor; cache: KeyValueCache }>;

/** Generates from one model; its compiled programs are kept between calls. */
export class TextGenerator {
  readonly model: CausalLanguageModel;
  readonly #step: Step;
  readonly #grow: ReturnType<typeof cacheGrower>;

  constructor(model: CausalLanguageModel, options: { executor?: Executor } = {}) {
    this.model = model;
    const shape = cacheShape(model.config, "batch", "capacity");
    const dynamic: Record<string, (string | number)[]> = { "1": ["batch", "sequence"] };
    for (let layer = 0; layer < model.config.layers; layer++) {
      dynamic[`2.key.${layer}`] = shape;
      dynamic[`2.value.${layer}`] = shape;
    }
    this.#step = compile((model, inputIds, cache) => model.forwardCached(inputIds, cache), {
      donate: [2],
      constants: [0],
      dynamic,
      ...options,
    });
    this.#grow = cacheGrower(options.executor);
  }

  /**
   * Token ids that follow the prompt, as they come. Ends after `maxNewTokens`, at a stop id, or when the context is full.
   * Throws a `ModelError` for an empty prompt, one that fills the context, ids outside the vocabulary, or bad sampling options.
   *
   * @example
   * for await (const id of generator.generate(tokenizer.encode("Once"), { maxNewTokens: 20 })) process.stdout.write(decoder.push(id));
   */
  async *generate(promptIds: ArrayLike<number>, options: GenerateOptions = {}): AsyncGenerator<number, void> {
    const maximum = checkPrompt(this.model, promptIds, options);
    const { contextLength } = this.model.config;
    let length = 0;
    let cache = emptyCache(this.model.config, 1, roomFor(promptIds.length + 1, contextLength));
    let next = Int32Array.from(promptIds);
    try {
      for (let made = 0; made < maximum; made++) {
        options.signal?.throwIfAborted();
        const capacity = cache.key[0]!.shape[2] as number;
        const needed = roomFor(length + next.length, contextLength);
        if (needed > capacity) cache = await this.#grow(cache, needed - capacity);
        using ids = tensor(next, { shape: [1, next.length] });
        const result = await this.#step(this.model, ids, cache);
        cache = result.cache;
        length += next.length;
        using logits = result.logits;
        const id = sampleToken((await logits.data()) as Float32Array, options, made);
        if (options.stopIds?.includes(id)) return;
        yield id;
        next = Int32Array.of(id);
      }
    } finally {
      disposeCache(cache);
    }
  }

  /** Frees the compiled programs. The model stays. */
  dispose(): void {
    this.#step.dispose();
    this.#grow.dispose();
  }
}

function roomFor(positions: number, contextLength: number): number {
  let capacity = smallestCapacity;
  while (capacity < positions) capacity *= 2;
  return Math.min(capacity, contextLength);
}

/** The same tokens as `TextGenerator`, with the whole sequence run again for each: what the fast path is tested against. */
export async function* generateNaive(
  model: CausalLanguageModel,
  promptIds: ArrayLike<number>,
  options: GenerateOptions & { executor?: Executor } = {},
): AsyncGenerator<number, void> {
  const maximum = checkPrompt(model, promptIds, options);
  const executor = options.executor ? { executor: options.executor } : {};
  const forward = compile((model: CausalLanguageModel, ids: Tensor) => model.forward(ids).slice(1, -1), {
    dynamic: { "1": ["batch", "sequence"] },
    ...executor,
  });
  const ids = Array.from(promptIds);
  try {
    for (let made = 0; made < maximum; made++) {
      options.signal?.throwIfAborted();
      using inputIds = tensor(Int32Array.from(ids), { shape: [1, ids.length] });
      using logits = await forward(model, inputIds);
      const id = sampleToken((await logits.data()) as Float32Array, options, made);
      if (options.stopIds?.includes(id)) return;
      yield id;
      ids.push(id);
    }
  } finally {
    forward.dispose();
  }
}

/** Checks what is asked for before anything runs; returns how many tokens may be made. */
function checkPrompt(model: CausalLanguageModel, promptIds: ArrayLike<number>, options: GenerateOptions): number {
  const { contextLength, vocabularySize } = model.config;
  checkSampling(options);
  if (promptIds.length === 0)
    throw new ModelError("generate: the prompt is empty (begin with the end-of-text token to start from nothing)");
  if (promptIds.length >= contextLength) {
    throw new ModelError(
      `generate: the prompt has ${promptIds.length} tokens, the context holds ${contextLength} with at least one new token (shorten it)`,
    );
  }
  for (let i = 0; i < promptIds.length; i++) {
    const id = promptIds[i]!;
    if (!(Number.isInteger(id) && id >= 0 && id < vocabularySize)) {
      throw new ModelError(`generate: token id ${id} at position ${i} is outside the vocabulary of ${vocabularySize}`);
    }
  }
  const room = contextLength - promptIds.length;
  const { maxNewTokens = room } = options;
  if (!(Number.isInteger(maxNewTokens) && maxNewTokens > 0)) {
    throw new ModelError(`generate: maxNewTokens must be a whole number above 0, got ${maxNewTokens}`);
  }
  return Math.min(maxNewTokens, room);
}
