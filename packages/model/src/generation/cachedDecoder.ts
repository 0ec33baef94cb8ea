// The decoder that keeps keys and values of what it has read: the prompts in one run, then one token a row and run.
import { flattenTensors, type Tensor, tensor } from "@llm/tensor";
import { disposeCache, emptyCache, type KeyValueCache } from "../keyValueCache.ts";
import type { EncoderDecoderModel, EncoderMemory } from "../model.ts";
import { type Decoder, isCounting, type NextRows, splitRows } from "./decode.ts";
import type { DecoderPrograms } from "./decoderPrograms.ts";
import type { Prompts } from "./prompts.ts";

/** Smallest room of a cache, in positions; it doubles as it fills. */
const smallestCapacity = 64;

/** Rows of a cache, each with so many positions of padding before its own. */
export interface CachedRows {
  readonly cache: KeyValueCache;
  /** Filled positions. */
  readonly length: number;
  readonly padding: readonly number[];
}

/** Decodes `prompts` of different lengths together: shorter ones are padded on the left, and padding is seen by nothing. */
export class CachedDecoder implements Decoder {
  readonly #programs: DecoderPrograms;
  readonly #prompts: Prompts;
  /** Positions that the longest sequence could reach. */
  readonly #longest: number;
  /** Which prompt each row goes on from. */
  #promptOf: readonly number[];
  #cache: KeyValueCache | undefined;
  /** Positions of the longest prompt, and of all that was read. */
  #promptLength = 0;
  #length = 0;
  #options: { readonly memory?: EncoderMemory; readonly padding?: Tensor } = {};

  constructor(programs: DecoderPrograms, prompts: Prompts) {
    const { starts } = prompts;
    this.#programs = programs;
    this.#prompts = prompts;
    this.#longest =
      longestOf(starts.map(({ ids }) => ids.length)) + longestOf(starts.map(({ maxNewTokens }) => maxNewTokens));
    this.#promptOf = starts.map((_, prompt) => prompt);
  }

  async start(): Promise<Float32Array[]> {
    const { starts, sources } = this.#prompts;
    const lengths = starts.map(({ ids }) => ids.length);
    const longest = longestOf(lengths);
    this.#promptLength = longest;
    const { config } = this.#programs.model;
    this.#cache = emptyCache(config, starts.length, roomFor(longest + 1, this.#longest));
    if (sources) this.#options = { memory: await this.#encode(sources) };
    if (this.#programs.alwaysPadded || lengths.some((length) => length < longest)) {
      this.#options = { ...this.#options, padding: tensor(Int32Array.from(this.#paddings())) };
    }
    const ids = new Int32Array(starts.length * longest);
    for (const [row, start] of starts.entries()) ids.set(start.ids, (row + 1) * longest - start.ids.length);
    return this.#run(ids, starts.length);
  }

  async next({ parents, ids }: NextRows): Promise<Float32Array[]> {
    if (!isCounting(parents, this.#promptOf.length)) await this.#select(parents);
    return this.#run(Int32Array.from(ids), ids.length);
  }

  dispose(): void {
    if (this.#cache) disposeCache(this.#cache);
    for (const { tensor } of flattenTensors(this.#options)) tensor.dispose();
  }

  /** Gives its rows away: they are no longer its own to step or free. */
  handOver(): CachedRows {
    const cache = this.#cache!;
    this.#cache = undefined;
    return { cache, length: this.#length, padding: this.#paddings() };
  }

  /** ids [rows, sequence] */
  async #run(ids: Int32Array, rows: number): Promise<Float32Array[]> {
    const { grow, model } = this.#programs;
    const sequence = ids.length / rows;
    const capacity = this.#cache!.key[0]!.shape[2] as number;
    const needed = roomFor(this.#length + sequence, this.#longest);
    if (needed > capacity) this.#cache = await grow(this.#cache!, needed - capacity);
    using inputIds = tensor(ids, { shape: [rows, sequence] });
    const result = await this.#programs.step(this.#options)(model, inputIds, this.#cache!, this.#options);
    this.#cache = result.cache;
    this.#length += sequence;
    using logits = result.logits;
    return splitRows((await logits.data()) as Float32Array, rows);
  }

  /** The encoder's memory of `sources`, padded on the right. */
  async #encode(sources: readonly (readonly number[])[]): Promise<EncoderMemory> {
    const { encode, model } = this.#programs;
    const longest = longestOf(sources.map(({ length }) => length));
    const ids = new Int32Array(sources.length * longest);
    const mask = new Int32Array(sources.length * longest);
    for (const [row, source] of sources.entries()) {
      ids.set(source, row * longest);
      mask.fill(1, row * longest, row * longest + source.length);
    }
    const shape = [sources.length, longest];
    using inputIds = tensor(ids, { shape });
    using attentionMask = tensor(mask, { shape });
    return await encode(model as EncoderDecoderModel, inputIds, attentionMask);
  }

  async #select(parents: readonly number[]): Promise<void> {
    const { selectCache, selectMemory, selectPlaces } = this.#programs;
    using rows = tensor(Int32Array.from(parents));
    const { key, value, length } = this.#cache!;
    const promptOf = parents.map((parent) => this.#promptOf[parent]!);
    const isSame =
      promptOf.length === this.#promptOf.length && promptOf.every((prompt, row) => prompt === this.#promptOf[row]);
    this.#promptOf = promptOf;
    // What belongs to a prompt stays where rows only trade places within their prompts, and that is most of the cache.
    if (isSame) {
      const begin = this.#promptLength;
      using places = tensor(Int32Array.from({ length: this.#length - begin }, (_, i) => begin + i));
      using start = tensor(begin, { dtype: "int32" });
      this.#cache = { ...(await selectPlaces({ key, value }, rows, places, start)), length };
      return;
    }
    this.#cache = { ...(await selectCache({ key, value }, rows)), length };
    const { memory, padding } = this.#options;
    if (memory) this.#options = { ...this.#options, memory: await selectMemory(memory, rows) };
    if (padding) this.#options = { ...this.#options, padding: tensor(Int32Array.from(this.#paddings())) };
    padding?.dispose();
  }

  /** How much shorter each row's prompt is than the longest. */
  #paddings(): number[] {
    const { starts } = this.#prompts;
    return this.#promptOf.map((prompt) => this.#promptLength - starts[prompt]!.ids.length);
  }
}

/** A capacity for so many positions, where `longest` are the most there can be. */
export function roomFor(positions: number, longest: number): number {
  let capacity = smallestCapacity;
  while (capacity < positions) capacity *= 2;
  return Math.min(capacity, longest);
}

function longestOf(lengths: readonly number[]): number {
  return lengths.reduce((longest, length) => Math.max(longest, length), 0);
}
