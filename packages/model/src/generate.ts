// Text generation: `TextGenerator` with a cache of keys and values, and `generateNaive`, its slow twin without one.
import type { Executor } from "@llm/tensor";
import { ModelError } from "./errors.ts";
import { BeamSearch } from "./generation/beamSearch.ts";
import { CachedDecoder } from "./generation/cachedDecoder.ts";
import { type Decoder, decode } from "./generation/decode.ts";
import { DecoderPool } from "./generation/decoderPool.ts";
import { DecoderPrograms } from "./generation/decoderPrograms.ts";
import type { GeneratedLogprob } from "./generation/logprobs.ts";
import { type BatchOptions, checkOptions, type GenerateOptions, type StreamOptions } from "./generation/options.ts";
import { type GenerativeModel, isEncoderDecoder, type Prompts, readPrompts } from "./generation/prompts.ts";
import { SampledSequences } from "./generation/sampledSequences.ts";
import type { Generation, GenerationEvent } from "./generation/sequences.ts";
import { UncachedDecoder, wholeForward } from "./generation/uncachedDecoder.ts";

export interface TextGeneratorOptions {
  /** Default: `defaultExecutor()`. */
  executor?: Executor;
  /** false runs whole sequences, one by one, again for each token: slow, and what the fast way is checked against. Default true. */
  cache?: boolean;
  /**
   * Calls that overlap step together, in one run of the model for all their sequences (only decoders): the more there are, the less
   * each token costs. A step waits for every call, so each must be read without pauses. Default false: each call steps alone.
   */
  together?: boolean;
}

/** Generates from one model, decoder or encoder-decoder; its compiled programs are kept between calls. Calls may overlap. */
export class TextGenerator {
  readonly model: GenerativeModel;
  readonly #decoder: (prompts: Prompts) => Decoder;
  readonly #dispose: () => void;

  constructor(model: GenerativeModel, { executor, cache = true, together = false }: TextGeneratorOptions = {}) {
    this.model = model;
    if (cache) {
      const isPooled = together && !isEncoderDecoder(model);
      const programs = new DecoderPrograms(model, executor, { alwaysPadded: isPooled });
      const pool = new DecoderPool(programs);
      this.#decoder = (prompts) => (isPooled ? pool.decoder(prompts) : new CachedDecoder(programs, prompts));
      this.#dispose = () => programs.dispose();
    } else {
      const forward = wholeForward(model, executor);
      this.#decoder = (prompts) => new UncachedDecoder(model, prompts, { forward });
      this.#dispose = () => forward.dispose();
    }
  }

  /**
   * Token ids that follow one prompt, as they come. Ends after `maxNewTokens`, at a stop id or with a stop string, or when the
   * context is full.
   * @throws ModelError for an empty prompt, one that fills the context, ids outside the vocabulary, or options outside their limits
   *
   * @example
   * for await (const id of generator.generate(tokenizer.encode("Once"), { maxNewTokens: 20 })) process.stdout.write(decoder.push(id));
   */
  async *generate(promptIds: ArrayLike<number>, options: GenerateOptions = {}): AsyncGenerator<number, void> {
    for await (const event of this.stream([promptIds], options)) if (event.type === "token") yield event.id;
  }

  /**
   * Tokens that follow several prompts, generated together, as they come; the end of each sequence is an event too. Each sequence is
   * what it would be alone. Throws as `generate` does.
   *
   * @example
   * for await (const event of generator.stream(prompts, { tokenizer, stopStrings: ["\n"] })) texts[event.sequence] += event.text;
   */
  async *stream(
    prompts: readonly ArrayLike<number>[],
    options: StreamOptions = {},
  ): AsyncGenerator<GenerationEvent, void> {
    if (((options as BatchOptions).beams ?? 1) > 1) {
      throw new ModelError(
        "generate: beam search knows its sequences only at the end (use generateBatch, or leave out beams)",
      );
    }
    checkOptions(options, this.model.config.vocabularySize);
    const read = readPrompts(this.model, prompts, options);
    yield* decode(this.#decoder(read), new SampledSequences(read.starts, options), options.signal);
  }

  /**
   * Whole sequences that follow several prompts, generated together: `numberOfSequences` for each prompt, in the order of the
   * prompts; after beam search the best come first. Throws as `generate` does.
   *
   * @example
   * const [best] = await generator.generateBatch([ids], { beams: 4, lengthPenalty: 0.8, stopIds: [endOfText] });
   */
  async generateBatch(prompts: readonly ArrayLike<number>[], options: BatchOptions = {}): Promise<Generation[]> {
    if ((options.beams ?? 1) === 1) return collectSequences(this.stream(prompts, options), options);
    checkOptions(options, this.model.config.vocabularySize);
    const read = readPrompts(this.model, prompts, options);
    const found: Generation[] = [];
    const search = decode(this.#decoder(read), new BeamSearch(read.starts, options), options.signal);
    for await (const generation of search) found.push(generation);
    return found;
  }

  /** Frees the compiled programs. The model stays. */
  dispose(): void {
    this.#dispose();
  }
}

/** The same tokens as `TextGenerator`, with the whole sequence run again for each: what the fast path is tested against. */
export async function* generateNaive(
  model: GenerativeModel,
  promptIds: ArrayLike<number>,
  { executor, ...options }: GenerateOptions & { executor?: Executor } = {},
): AsyncGenerator<number, void> {
  const generator = new TextGenerator(model, { ...(executor ? { executor } : {}), cache: false });
  try {
    yield* generator.generate(promptIds, options);
  } finally {
    generator.dispose();
  }
}

async function collectSequences(
  events: AsyncIterable<GenerationEvent>,
  { logprobs }: StreamOptions,
): Promise<Generation[]> {
  const parts: { ids: number[]; text: string; logprobs: GeneratedLogprob[] }[] = [];
  const found: Generation[] = [];
  for await (const event of events) {
    const { sequence, prompt } = event;
    parts[sequence] ??= { ids: [], text: "", logprobs: [] };
    const part = parts[sequence];
    part.text += event.text;
    if (event.type === "token") {
      part.ids.push(event.id);
      if (event.logprob) part.logprobs.push(event.logprob);
      continue;
    }
    found[sequence] = {
      prompt,
      ids: part.ids,
      finishReason: event.finishReason,
      text: part.text,
      ...(logprobs !== undefined && { logprobs: part.logprobs }),
    };
  }
  return found;
}
