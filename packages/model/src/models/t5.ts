// T5 (Raffel et al. 2020): an encoder, and a decoder that reads its states. Root-mean-square norms before each sublayer, learned biases
// for relative positions that all layers of a stack share, and no other biases. T5 1.1 (gated GELU, an output layer of its own) is a
// configuration of it. Field paths are the names of the published weights; the blocks are in t5Blocks.ts.
//
// B batch · S source · T target · C width · H heads · D head size · V vocabulary
import {
  attentionWithCache,
  concat,
  constant,
  dropout,
  equal,
  greater,
  iota,
  parametersFirst,
  type RandomKey,
  recompute as recomputed,
  type Tensor,
  updateSlice,
  where,
} from "@llm/tensor";
import { cacheMask, forHeads, lengthWith } from "../cacheMask.ts";
import { ModelError } from "../errors.ts";
import { type Initialization, initializer } from "../initialize.ts";
import type { KeyValueCache } from "../keyValueCache.ts";
import { type Embedding, OutputTable, SharedEmbedding } from "../layers/embedding.ts";
import { positionBuckets } from "../layers/relativePositions.ts";
import { RmsNorm } from "../layers/rmsNorm.ts";
import type {
  CachedForwardOptions,
  EncodeOptions,
  EncoderDecoderForwardOptions,
  EncoderDecoderModel,
  EncoderMemory,
} from "../model.ts";
import { checkIds, checkShapes } from "./checkInputs.ts";
import type { ConfigJson } from "./configJson.ts";
import {
  crossAttend,
  type DecoderBlock,
  type EncoderBlock,
  feedForward,
  freshDecoderBlock,
  freshEncoderBlock,
  type Seen,
} from "./t5Blocks.ts";
import { type T5Config, type T5Options, t5Config, t5ConfigFromJson, t5ConfigToJson } from "./t5Config.ts";

interface Stack<B> {
  readonly block: readonly B[];
  readonly final_layer_norm: RmsNorm;
}

/**
 * T5 and T5 1.1 (Raffel et al. 2020): an encoder-decoder with learned relative positions. Fields hold the parameters under their names in
 * the checkpoint.
 */
export class T5 implements EncoderDecoderModel {
  readonly config: T5Config;
  readonly shared: Embedding; // [V, C]
  readonly encoder: Stack<EncoderBlock>;
  readonly decoder: Stack<DecoderBlock>;
  /** Only where the output layer is not tied to the token embedding. */
  readonly lm_head?: Embedding; // [V, C]

  /** A model with fresh parameters. `seed` (default 0) and the parameters' names decide them. */
  constructor(
    options: T5Options,
    { seed = 0, initialization = "t5" }: { seed?: number; initialization?: Initialization } = {},
  ) {
    const config = t5Config(options);
    const { vocabularySize, layers, encoderLayers, width, initializerFactor } = config;
    if (typeof initialization === "object" && config.scaleDecoderOutputs) {
      throw new ModelError('T5: "mup" scales the outputs itself (set scaleDecoderOutputs: false)');
    }
    // 0.02, as in GPT-2 and BERT, is for methods that are not T5's own.
    const init = initializer(initialization, { seed, layers, width, deviation: 0.02 });
    const table = (path: string) => init.table(path, vocabularySize, width, initializerFactor);
    const stack = <B>(count: number, block: (i: number) => B, norm: Tensor): Stack<B> => ({
      block: Array.from({ length: count }, (_, i) => block(i)),
      final_layer_norm: new RmsNorm(norm, config.layerNormEpsilon),
    });
    this.config = config;
    this.shared = new SharedEmbedding(table("shared.weight"));
    this.encoder = stack(encoderLayers, (i) => freshEncoderBlock(i, config, init), init.ones(width));
    this.decoder = stack(layers, (i) => freshDecoderBlock(i, config, init), init.outputNorm(width));
    if (!config.tiedEmbeddings) this.lm_head = new OutputTable(table("lm_head.weight"));
  }

  /** The model of a config.json, its parameters without elements; `stored` holds the names in the file of its weights. */
  static fromConfigJson(json: ConfigJson, stored?: ReadonlySet<string>): T5 {
    return new T5(t5ConfigFromJson(json, stored?.has("lm_head.weight")), { initialization: "empty" });
  }

  get outputNorm(): RmsNorm {
    return this.decoder.final_layer_norm;
  }

  forward(inputIds: Tensor, options: EncoderDecoderForwardOptions): Tensor {
    const { decoderInputIds, attentionMask, key, recompute = false } = options;
    checkIds("T5", decoderInputIds, { name: "decoderInputIds" });
    const [read, written] = [inputIds.shape[0]!, decoderInputIds.shape[0]!];
    if (typeof read === "number" && typeof written === "number" && read !== written) {
      throw new ModelError(`T5: inputIds hold ${read} sequences and decoderInputIds ${written} (one for each)`);
    }
    const states = this.encode(inputIds, { attentionMask, recompute, key: key?.derive("encoder") });
    const output = (x: Tensor) => this.output(x);
    return (recompute ? parametersFirst(output) : output)(
      this.decode(decoderInputIds, states, { attentionMask, recompute, key: key?.derive("decoder") }),
    );
  }

  encode(inputIds: Tensor, { attentionMask, key, recompute = false }: EncodeOptions = {}): Tensor {
    const { config } = this;
    checkIds("T5", inputIds);
    checkShapes("T5", inputIds, { attentionMask });
    const positions = iota(inputIds.shape[1]!);
    const seen: Seen = { bias: this.positionBias("encoder", positions, positions), mask: seenBy(attentionMask) };
    let x = dropout(this.shared.forward(inputIds), config.dropout, key?.derive("embedding")); // [B, S, C]
    for (const [i, block] of this.encoder.block.entries()) {
      const forward = (x: Tensor, key?: RandomKey) => block.forward(x, seen, { config, key });
      x = (recompute ? recomputed(forward) : forward)(x, key?.derive(i));
    }
    return dropout(this.encoder.final_layer_norm.forward(x), config.dropout, key?.derive("output"));
  }

  memoryOf(states: Tensor, attentionMask?: Tensor): EncoderMemory {
    const read = this.decoder.block.map(({ layer: [, cross] }) =>
      cross.EncDecAttention.keyAndValue(states, this.config),
    );
    const [batch, source] = states.shape;
    return {
      key: read.map(({ key }) => key),
      value: read.map(({ value }) => value),
      attentionMask: attentionMask ?? constant(1, "int32").broadcastTo([batch!, source!]),
    };
  }

  forwardCached(
    inputIds: Tensor,
    cache: KeyValueCache,
    { memory, padding }: CachedForwardOptions = {},
  ): { logits: Tensor; cache: KeyValueCache } {
    if (!memory)
      throw new ModelError("T5: the decoder needs the encoder's memory (pass { memory: model.memoryOf(…) })");
    const { config } = this;
    const count = inputIds.shape[1]!;
    const seen = cacheMask(cache, { count, padding });
    const [fresh, cached] = [iota(count), iota(cache.key[0]!.shape[2]!)];
    const ofPast = { bias: this.positionBias("decoder", fresh.add(cache.length), cached), mask: forHeads(seen.past) };
    const ofFresh = {
      bias: this.positionBias("decoder", fresh, fresh),
      mask: seen.fresh && forHeads(seen.fresh),
    };
    const ofSource = { mask: seenBy(memory.attentionMask) };
    let x = this.shared.forward(inputIds); // [B, T, C]
    const keys: Tensor[] = [];
    const values: Tensor[] = [];
    for (const [i, { layer }] of this.decoder.block.entries()) {
      const [{ SelfAttention, layer_norm }, cross, last] = layer;
      const normed = layer_norm.forward(x);
      const { key, value } = SelfAttention.keyAndValue(normed, config); // [B, H, T, D]
      const past = { key: cache.key[i]!, value: cache.value[i]!, ...ofPast };
      const query = SelfAttention.query(normed, config);
      const mixed = attentionWithCache(query, past, { key, value, ...ofFresh }, { scale: 1 });
      x = x.add(SelfAttention.output(mixed));
      x = crossAttend(cross, x, { key: memory.key[i]!, value: memory.value[i]!, ...ofSource }, { config });
      x = feedForward(last, x, { config });
      keys.push(updateSlice(past.key, key, cache.length, 2));
      values.push(updateSlice(past.value, value, cache.length, 2));
    }
    const last = x.slice(1, -1).reshape([x.shape[0]!, config.width]); // [B, C]
    const logits = this.output(this.decoder.final_layer_norm.forward(last));
    return { logits, cache: { key: keys, value: values, length: lengthWith(cache, count) } };
  }

  shiftRight(labels: Tensor): Tensor {
    const { decoderStartId, paddingId } = this.config;
    const start = constant(decoderStartId, "int32").broadcastTo([labels.shape[0]!, 1]);
    const shifted = concat([start, labels.slice(1, 0, -1)], 1);
    return where(equal(shifted, ignoredLabel), paddingId, shifted);
  }

  toConfigJson(): ConfigJson {
    return t5ConfigToJson(this.config);
  }

  /** int32 ids [B, T] and the encoder's states [B, S, C] → [B, T, C], normalised. */
  private decode(
    inputIds: Tensor,
    states: Tensor,
    options: { attentionMask: Tensor | undefined; key: RandomKey | undefined; recompute: boolean },
  ): Tensor {
    const { config } = this;
    const { attentionMask, key, recompute } = options;
    const positions = iota(inputIds.shape[1]!);
    const ofTarget: Seen = { bias: this.positionBias("decoder", positions, positions), causal: true };
    const ofSource: Seen = { mask: seenBy(attentionMask) };
    let x = dropout(this.shared.forward(inputIds), config.dropout, key?.derive("embedding")); // [B, T, C]
    for (const [i, block] of this.decoder.block.entries()) {
      const forward = (x: Tensor, states: Tensor, key?: RandomKey) =>
        block.forward(x, states, [ofTarget, ofSource], { config, key });
      x = (recompute ? recomputed(forward) : forward)(x, states, key?.derive(i));
    }
    return dropout(this.decoder.final_layer_norm.forward(x), config.dropout, key?.derive("output"));
  }

  /** The bias of each head for positions `queries` (int32 [T]) that look at `keys` (int32 [S]): [1, H, T, S]. */
  private positionBias(stack: "encoder" | "decoder", queries: Tensor, keys: Tensor): Tensor {
    const { positionBuckets: buckets, maximumDistance, heads } = this.config;
    const table = this[stack].block[0]!.layer[0].SelfAttention.relative_attention_bias!;
    const bidirectional = stack === "encoder";
    const bias = table.forward(positionBuckets(queries, keys, { buckets, maximumDistance, bidirectional })); // [T, S, H]
    return bias.transpose([2, 0, 1]).reshape([1, heads, queries.shape[0]!, keys.shape[0]!]);
  }

  /** [..., C] → [..., V] */
  private output(x: Tensor): Tensor {
    const { scaleDecoderOutputs, width } = this.config;
    const table = this.lm_head?.weight ?? this.shared.weight;
    return (scaleDecoderOutputs ? x.mul(width ** -0.5) : x).matmul(table, { transposeB: true });
  }
}

/** A label that the loss passes over; the decoder reads padding in its place. */
const ignoredLabel = -100;

/** int32 [B, S] → bool [B, 1, 1, S] */
function seenBy(attentionMask: Tensor | undefined): Tensor | undefined {
  if (!attentionMask) return undefined;
  const [batch, source] = attentionMask.shape;
  return greater(attentionMask, 0).reshape([batch!, 1, 1, source!]);
}
