// The programs that run a model with a cache, compiled once for all its generations.
import {
  type CompiledFunction,
  compile,
  concat,
  type Executor,
  gather,
  mapTensors,
  type Tensor,
  updateSlice,
} from "@llm/tensor";
import { cacheGrower, cacheShape, type KeyValueCache } from "../keyValueCache.ts";
import type { CachedForwardOptions, EncoderDecoderModel, EncoderMemory } from "../model.ts";
import { type GenerativeModel, isEncoderDecoder } from "./prompts.ts";

type Step = CompiledFunction<
  [GenerativeModel, Tensor, KeyValueCache, CachedForwardOptions],
  { logits: Tensor; cache: KeyValueCache }
>;
/** What of a cache has rows. */
type Filled = Pick<KeyValueCache, "key" | "value">;
type Select<R> = CompiledFunction<[rows: R, parents: Tensor], R>;

export class DecoderPrograms {
  readonly model: GenerativeModel;
  /** Every step is one with padding: with one program for all of them, weights are held once. */
  readonly alwaysPadded: boolean;
  /** The encoder; only an encoder-decoder has it run. */
  readonly encode: CompiledFunction<[EncoderDecoderModel, inputIds: Tensor, attentionMask: Tensor], EncoderMemory>;
  /** Makes a cache longer. */
  readonly grow: ReturnType<typeof cacheGrower>;
  /** Takes rows by index; what they are taken from is given up. */
  readonly selectCache: Select<Filled>;
  /** The same of some positions only, `places` int32 [positions] from `start` on: all others stay in their rows. */
  readonly selectPlaces: CompiledFunction<[cache: Filled, parents: Tensor, places: Tensor, start: Tensor], Filled>;
  readonly selectMemory: Select<EncoderMemory>;
  /** A new cache of some rows and positions; what they are taken from stays. */
  readonly takeRows: CompiledFunction<[cache: Filled, parents: Tensor, places: Tensor], Filled>;
  /** A cache of the rows of two, which are given up. */
  readonly joinRows: CompiledFunction<[Filled, Filled], Filled>;
  /** Padding needs work that most generations do not: they have a program without it. */
  readonly #step: Step;
  readonly #paddedStep: Step;

  constructor(model: GenerativeModel, executor: Executor | undefined, { alwaysPadded = false } = {}) {
    const by = executor ? { executor } : {};
    const ids = { "1": ["batch", "sequence"] };
    const cache = layerShapes(model, "2", "capacity");
    const memory = (path: string) => ({
      ...layerShapes(model, path, "source"),
      [`${path}.attentionMask`]: ["batch", "source"],
    });
    const step = (dynamic: Record<string, (string | number)[]>): Step =>
      compile((model, ids, cache, options) => model.forwardCached(ids, cache, options), {
        donate: [2],
        constants: [0],
        dynamic: { ...ids, ...cache, ...dynamic },
        ...by,
      });
    const select = <R>(dynamic: Record<string, (string | number)[]>): Select<R> =>
      compile((rows, parents) => mapTensors(rows, (rows) => gather(rows, parents)), {
        donate: [0],
        dynamic: { ...dynamic, "1": ["rows"] },
        ...by,
      });
    this.model = model;
    this.alwaysPadded = alwaysPadded;
    this.encode = compile(
      (model, ids, attentionMask) => model.memoryOf(model.encode(ids, { attentionMask }), attentionMask),
      { constants: [0], dynamic: { "1": ["batch", "source"], "2": ["batch", "source"] }, ...by },
    );
    this.grow = cacheGrower(executor);
    this.selectCache = select(layerShapes(model, "0", "capacity"));
    this.selectPlaces = compile(
      (cache, parents, places, start) =>
        mapTensors(cache, (rows) => updateSlice(rows, gather(gather(rows, places, 2), parents), start, 2)),
      {
        donate: [0],
        dynamic: { ...layerShapes(model, "0", "capacity"), "1": ["batch"], "2": ["positions"] },
        ...by,
      },
    );
    this.selectMemory = select(memory("0"));
    this.takeRows = compile(
      (cache, parents, places) => mapTensors(cache, (rows) => gather(gather(rows, parents), places, 2)),
      { dynamic: { ...layerShapes(model, "0", "capacity"), "1": ["rows"], "2": ["places"] }, ...by },
    );
    this.joinRows = compile(
      (one, other) => ({
        key: one.key.map((key, layer) => concat([key, other.key[layer]!], 0)),
        value: one.value.map((value, layer) => concat([value, other.value[layer]!], 0)),
      }),
      {
        donate: [0, 1],
        dynamic: { ...layerShapes(model, "0", "capacity"), ...layerShapes(model, "1", "capacity", "others") },
        ...by,
      },
    );
    this.#step = step(isEncoderDecoder(model) ? memory("3.memory") : {});
    this.#paddedStep = step({ "3.padding": ["batch"] });
  }

  step(options: CachedForwardOptions): Step {
    return options.padding ? this.#paddedStep : this.#step;
  }

  dispose(): void {
    const { encode, grow, selectCache, selectPlaces, selectMemory } = this;
    for (const program of [encode, grow, selectCache, selectPlaces, selectMemory]) program.dispose();
    for (const program of [this.takeRows, this.joinRows, this.#step, this.#paddedStep]) program.dispose();
  }
}

/** Shapes of each layer's keys and values under `path`. */
function layerShapes(
  { config }: GenerativeModel,
  path: string,
  positions: string,
  batch = "batch",
): Record<string, (string | number)[]> {
  const shape = cacheShape(config, batch, positions);
  const layers = Array.from({ length: config.layers }, (_, layer) => layer);
  return Object.fromEntries(
    layers.flatMap((layer) => [`${path}.key.${layer}`, `${path}.value.${layer}`].map((name) => [name, shape])),
  );
}
