// Attention by blocks of queries. A block takes all the keys it sees at once, so nothing is rescaled, and with causal attention the
// keys that none of its queries sees are not touched: half of the work. Where the weights are computed again in the backward, those of
// one block are there at a time and memory grows with the length and not with its square (Rabe and Staats 2021, FlashAttention:
// Dao et al. 2022).
//
// T queries · S keys · D head size · E size of values
import { maskBias, positions, seenBefore } from "../functional/attentionMask.ts";
import { dropout } from "../functional/dropout.ts";
import type { Tensor, TensorType } from "../graph.ts";
import { broadcastTo, sum, sumTo } from "../ops/broadcast.ts";
import { constant } from "../ops/create.ts";
import { add, logicalAnd, mul, sub } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { concat, slice } from "../ops/movement.ts";
import { defineFusedOp, record } from "../ops/op.ts";
import { after, lateSlice } from "../ops/order.ts";
import { RandomKey } from "../random.ts";
import { attendWithBiasOp } from "./attendWithBias.ts";
import { RangeSum } from "./rangeSum.ts";
import { softmax } from "./softmax.ts";

type BlockAttributes = {
  /** Queries that are worked on at a time. */
  blockSize: number;
  causal: boolean;
  /** How far back a query sees, itself counted; 0 for all the way. Only with `causal`. */
  window: number;
  /** Whether the weights are computed again in the backward instead of kept for it. */
  recompute: boolean;
  masked: boolean;
  dropoutRate: number;
  /** Multiplies the scores. With each block's product, into which a runtime can draw it, and not once for all queries. */
  scale: number;
};

/** Queries from `start` to `end` see keys from `first` to `last` (the ends not counted). */
interface Block {
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly last: number;
}

/** From the last to the first: those after the largest find room in the memory that it gave back. */
function blocksOf([query, key]: readonly TensorType[], { blockSize, causal, window }: BlockAttributes): Block[] {
  const [queries, keys] = [query!.shape.at(-2) as number, key!.shape.at(-2) as number];
  const past = keys - queries;
  const count = Math.ceil(queries / blockSize);
  return Array.from({ length: count }, (_, i) => {
    const index = count - 1 - i;
    const start = index * blockSize;
    const end = Math.min(queries, start + blockSize);
    const first = window > 0 ? Math.max(0, start + past - window + 1) : 0;
    return { index, start, end, first, last: causal ? end + past : keys };
  });
}

/** The op's inputs: `mask` bool, broadcastable to [..., T, S]; `words` of the random key, where weights are dropped. */
interface Inputs {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly mask: Tensor | undefined;
  readonly words: Tensor | undefined;
}

function named([query, key, value, ...others]: readonly Tensor[], { masked }: BlockAttributes): Inputs {
  const [mask, words] = masked ? others : [undefined, ...others];
  return { query: query!, key: key!, value: value!, mask, words };
}

/** Outputs: the mixed values and, where they are kept, the attention weights of each block. */
export const attendInBlocksOp = defineFusedOp<BlockAttributes>({
  name: "attendInBlocks",
  infer: (inputs, attributes) => {
    const [mixed, weights] = attendWithBiasOp.infer(inputs.slice(0, attributes.masked ? 4 : 3), {}) as TensorType[];
    const { dtype, shape } = weights!;
    const ofBlock = ({ start, end, first, last }: Block): TensorType => ({
      dtype,
      shape: [...shape.slice(0, -2), end - start, last - first],
    });
    return [mixed!, ...(attributes.recompute ? [] : blocksOf(inputs, attributes).reverse().map(ofBlock))];
  },
  precision: "composed",
  compose: (inputs, attributes) => {
    const all = named(inputs, attributes);
    const mixed: Tensor[] = [];
    const kept: Tensor[] = [];
    for (const block of blocksOf(inputs, attributes)) {
      const part = partOf(all, block, attributes, attributes.recompute ? mixed.slice(0, 1) : []);
      const weights = weightsOf(part, block, attributes);
      mixed.unshift(matmul(dropped(weights, part, block, attributes), part.value));
      kept.unshift(weights);
    }
    return [concat(mixed, -2), ...(attributes.recompute ? [] : kept)];
  },
  vjp: ({ inputs, outputs: [mixed, ...weights], gradients: [ofMixed, ...ofWeights], attributes }) => {
    const gradient = ofMixed ?? broadcastTo(constant(0, mixed!.dtype), mixed!.shape);
    const all = named(inputs, attributes);
    const totals = sum(mul(gradient, mixed!), -1, { keepDimensions: true }); // [..., T, 1]
    const ofQuery: Tensor[] = [];
    const [ofKey, ofValue] = [new RangeSum(), new RangeSum()];
    // Where memory counts, a block begins when the one before it is done with, in whatever order a runtime walks the graph.
    let before: readonly Tensor[] = attributes.recompute ? [gradient] : [];
    for (const block of blocksOf(inputs, attributes)) {
      const part = partOf(all, block, attributes, before);
      const found = gradientsOfBlock(part, block, {
        attributes,
        weights: attributes.recompute ? weightsOf(part, block, attributes) : weights[block.index]!,
        gradient: rowsOf(gradient, block),
        total: rowsOf(totals, block),
        ofWeights: ofWeights[block.index],
      });
      ofQuery.unshift(found.query);
      ofKey.add(found.key, block);
      ofValue.add(found.value, block);
      if (attributes.recompute) before = [found.query, ofKey.current, ofValue.current];
    }
    return [concat(ofQuery, -2), ofKey.total(all.key.shape), ofValue.total(all.value.shape)];
  },
});

/** The rows, scaled, and keys of a block; with `before`, not before that is computed. */
function partOf(
  { query, key, value, mask, words }: Inputs,
  block: Block,
  { scale }: BlockAttributes,
  before: readonly Tensor[],
): Inputs {
  const keysOf = (x: Tensor, axis: number) => range(x, { axis, start: block.first, end: block.last }, before);
  let seen = mask;
  if (seen && (seen.shape.at(-2) ?? 1) !== 1) seen = rowsOf(seen, block, before);
  if (seen && (seen.shape.at(-1) ?? 1) !== 1) seen = keysOf(seen, -1);
  const late = words && after([words], before)[0]!;
  return {
    query: mul(rowsOf(query, block, before), scale),
    key: keysOf(key, -2),
    value: keysOf(value, -2),
    mask: seen,
    words: late,
  };
}

function rowsOf(x: Tensor, { start, end }: Block, before: readonly Tensor[] = []): Tensor {
  return range(x, { axis: -2, start, end }, before);
}

function range(x: Tensor, wanted: { axis: number; start: number; end: number }, before: readonly Tensor[]): Tensor {
  if (before.length > 0) return lateSlice(x, wanted, before);
  const { axis, start, end } = wanted;
  return end - start === x.shape.at(axis) ? x : slice(x, axis, start, end);
}

/** softmax(query keyᵀ + what is left out) of a block. */
function weightsOf({ query, key, mask }: Inputs, block: Block, attributes: BlockAttributes): Tensor {
  const scores = matmul(query, key, { transposeB: true });
  const visible = attributes.causal ? seenInBlock(block, attributes, attributes.recompute ? [scores] : []) : undefined;
  const seen = visible && mask ? logicalAnd(visible, mask) : (visible ?? mask);
  return softmax(seen ? add(scores, maskBias(seen, scores.dtype)) : scores);
}

/** What depends on no input would be computed for all blocks at the beginning, and shared with the backward: it waits for `before`. */
function seenInBlock(
  { start, end, first, last }: Block,
  { window }: BlockAttributes,
  before: readonly Tensor[],
): Tensor {
  const keys = range(positions(0, last), { axis: 0, start: first, end: last }, before);
  // The last query of a block sees the last of its keys.
  const queries = positions(last - (end - start), end - start);
  return seenBefore(queries, keys, window > 0 ? window : undefined);
}

/** What has the shape of the weights with the block's share set to zero; the same share each time. */
function dropped(x: Tensor, { words }: Inputs, { index }: Block, { dropoutRate }: BlockAttributes): Tensor {
  return words ? dropout(x, dropoutRate, new RandomKey(words).derive(index)) : x;
}

interface BlockGradients {
  readonly attributes: BlockAttributes;
  readonly weights: Tensor;
  /** With respect to what the block gave, [..., T, E]. */
  readonly gradient: Tensor;
  /** Sum of gradient times what the block gave, for each query: [..., T, 1]. */
  readonly total: Tensor;
  /** With respect to the weights themselves: only in gradients of gradients. */
  readonly ofWeights: Tensor | undefined;
}

/** Gradients with respect to the rows and keys of a block. */
function gradientsOfBlock(part: Inputs, block: Block, { attributes, weights, ...given }: BlockGradients) {
  const through = dropped(matmul(given.gradient, part.value, { transposeB: true }), part, block, attributes);
  const all = given.ofWeights ? add(through, given.ofWeights) : through;
  const totals = given.ofWeights ? sum(mul(all, weights), -1, { keepDimensions: true }) : given.total;
  const ofScores = mul(weights, sub(all, totals));
  const mixing = dropped(weights, part, block, attributes);
  return {
    query: sumTo(mul(matmul(ofScores, part.key), attributes.scale), part.query.shape),
    key: sumTo(matmul(ofScores, part.query, { transposeA: true }), part.key.shape),
    value: sumTo(matmul(mixing, given.gradient, { transposeA: true }), part.value.shape),
  };
}

export interface BlockOptions {
  readonly blockSize: number;
  readonly causal: boolean;
  readonly window?: number | undefined;
  readonly recompute: boolean;
  /** bool, broadcastable to [..., T, S]. */
  readonly mask?: Tensor | undefined;
  readonly dropoutRate?: number;
  readonly key?: RandomKey | undefined;
  /** Multiplies the scores. Default 1. */
  readonly scale?: number;
}

/** What `attendWithBias` computes of the scaled query, a block of queries at a time. T and S are numbers and, with `causal`, S >= T. */
export function attendInBlocks(query: Tensor, key: Tensor, value: Tensor, options: BlockOptions): Tensor {
  const { window = 0, mask, dropoutRate = 0, key: random, scale = 1, ...others } = options;
  const words = dropoutRate > 0 ? random?.words : undefined;
  const inputs = [query, key, value, ...(mask ? [mask] : []), ...(words ? [words] : [])];
  return record(attendInBlocksOp, inputs, { ...others, window, masked: mask !== undefined, dropoutRate, scale })[0]!;
}
