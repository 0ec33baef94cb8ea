// Sample inputs of the functions that are composed of ops and have no rules of their own.
import type { Tensor } from "../graph.ts";
import { maximum } from "../ops/elementwise.ts";
import { RandomKey, randomBits, randomUniform } from "../random.ts";
import {
  booleans,
  type CaseInput,
  floatDTypes,
  floats,
  integers,
  numbers,
  type OpCase,
  type OpCases,
  type SampleOptions,
} from "../testing/opCase.ts";
import { logSigmoid, relu, silu, softplus } from "./activations.ts";
import { type AttentionOptions, attention, attentionWithCache } from "./attention.ts";
import { dailyCases } from "./daily.cases.ts";
import { dropout } from "./dropout.ts";
import { embedding } from "./embedding.ts";
import { type CrossEntropyOptions, crossEntropy } from "./losses.ts";
import { mean, square } from "./statistics.ts";

function unaryCases(apply: (x: Tensor) => Tensor): OpCase[] {
  return [
    ...floatDTypes.map((dtype) => ({ name: dtype, inputs: [floats([2, 3], { dtype })], apply })),
    { name: "named", inputs: [floats([2, 3], { recordedShape: ["batch", 3] })], apply },
  ];
}

/** Random key words as an input. */
const keyWords = numbers([123456789, 987654321], [2], { dtype: "uint32" });
const keyed = (draw: (key: RandomKey, x: Tensor) => Tensor) => (x: Tensor, words: Tensor) =>
  draw(new RandomKey(words).derive("case"), x);

/** Query, key and value: [..., T, D], [..., S, D], [..., S, E]. */
function heads(
  lead: readonly number[],
  [t, s, d, e]: readonly [number, number, number, number],
  options: SampleOptions = {},
): CaseInput[] {
  return [
    [t, d],
    [s, d],
    [s, e],
  ].map((shape, seed) => floats([...lead, ...shape], { seed, ...options }));
}

function attend(name: string, inputs: readonly CaseInput[], options: AttentionOptions = {}): OpCase {
  return { name, inputs, apply: (q, k, v, mask) => attention(q!, k!, v!, { ...options, ...(mask && { mask }) }) };
}

function entropy(name: string, options: CrossEntropyOptions, targets: readonly number[] = [0, 2, 1, 2]): OpCase {
  const inputs = [floats([2, 2, 3]), numbers(targets, [2, 2], { dtype: "int32" })];
  return { name, inputs, apply: (logits, ids) => crossEntropy(logits!, ids!, options) };
}

const sequences = (seed: number) => floats([2, 3, 4], { seed, recordedShape: ["batch", "sequence", 4] });

export const functionalCases: OpCases = {
  ...dailyCases,
  relu: [
    ...unaryCases(relu),
    { name: "NaN", inputs: [numbers([Number.NaN, -1, 1], [3], { differentiable: false })], apply: relu },
  ],
  silu: unaryCases(silu),
  softplus: [
    ...unaryCases(softplus),
    { name: "zero", inputs: [numbers([0, -0, 1], [3])], apply: (x) => softplus(x!) },
    { name: "large numbers", inputs: [numbers([1000, -1000, 100, -100], [4])], apply: (x) => softplus(x!) },
  ],
  logSigmoid: [
    ...unaryCases(logSigmoid),
    { name: "large numbers", inputs: [numbers([1000, -1000, 0], [3])], apply: (x) => logSigmoid(x!) },
  ],
  square: unaryCases(square),
  mean: [
    ...unaryCases((x) => mean(x)),
    { name: "axis", inputs: [floats([2, 3])], apply: (x) => mean(x!, -1) },
    { name: "kept axes", inputs: [floats([2, 3, 2])], apply: (x) => mean(x!, [0, 2], { keepDimensions: true }) },
    { name: "no axes", inputs: [floats([2])], apply: (x) => mean(x!, []) },
  ],
  embedding: [
    {
      name: "ids",
      inputs: [floats([5, 3]), integers([2, 3], { range: [0, 4] })],
      apply: (table, ids) => embedding(table!, ids!),
    },
  ],
  dropout: [
    {
      name: "half",
      inputs: [floats([4, 5]), keyWords],
      apply: keyed((key, x) => dropout(x, 0.5, key)) as OpCase["apply"],
    },
    {
      name: "almost none",
      inputs: [floats([20]), keyWords],
      apply: keyed((key, x) => dropout(x, 1e-12, key)) as OpCase["apply"],
    },
    {
      name: "named",
      inputs: [sequences(1), keyWords],
      apply: keyed((key, x) => dropout(x, 0.1, key)) as OpCase["apply"],
    },
  ],
  random: [
    {
      name: "bits",
      inputs: [floats([3], { differentiable: false }), keyWords],
      apply: keyed((key) => randomBits(key, [40])) as OpCase["apply"],
    },
    {
      name: "uniform",
      inputs: [floats([3]), keyWords],
      apply: keyed((key, x) => maximum(randomUniform(key, [3]), x)) as OpCase["apply"],
    },
  ],
  attention: [
    attend("plain", heads([2], [3, 4, 2, 3])),
    {
      name: "bias of all sequences, masked, causal",
      inputs: [
        ...heads([2, 2], [3, 3, 2, 3]),
        floats([1, 2, 3, 3], { seed: 4 }),
        numbers([1, 1, 1, 1, 1, 0], [2, 1, 1, 3], { dtype: "bool" }),
      ],
      apply: (q, k, v, bias, mask) => attention(q!, k!, v!, { causal: true, bias: bias!, mask: mask!, scale: 1 }),
    },
    attend("float16", heads([2], [3, 4, 2, 3], { dtype: "float16" })),
    attend("scale", heads([], [2, 2, 3, 2]), { scale: 0.1 }),
    attend("causal", heads([2, 2], [3, 3, 2, 2]), { causal: true }),
    attend("causal over a longer past", heads([2], [2, 4, 2, 2]), { causal: true }),
    attend("mask", [...heads([2], [3, 4, 2, 2]), booleans([3, 4])]),
    attend("causal and mask", [...heads([2], [3, 3, 2, 2]), booleans([2, 1, 3])], { causal: true }),
    // The scores of a row without any position vanish beside the mask, so their differences do too.
    {
      ...attend("nothing to see", [...heads([], [2, 3, 2, 2]), numbers([0, 0, 0, 1, 1, 1], [2, 3], { dtype: "bool" })]),
      exactGradient: false,
    },
    attend("window", heads([2], [4, 4, 2, 2]), { causal: true, window: 2 }),
    attend("blocks", heads([2], [4, 4, 2, 2]), { causal: true, window: 3, blockSize: 2 }),
    attend("named", [sequences(1), sequences(2), sequences(3)], { causal: true }),
  ],
  attentionWithCache: [
    {
      name: "two new positions",
      inputs: [
        floats([1, 2, 2, 3], { seed: 1 }),
        floats([1, 2, 4, 3], { seed: 2 }),
        floats([1, 2, 4, 3], { seed: 3 }),
        numbers([1, 1, 1, 0], [4], { dtype: "bool" }),
        floats([1, 2, 2, 3], { seed: 4 }),
        floats([1, 2, 2, 3], { seed: 5 }),
      ],
      apply: (query, key, value, mask, newKey, newValue) =>
        attentionWithCache(query!, { key: key!, value: value!, mask: mask! }, { key: newKey!, value: newValue! }),
    },
    {
      name: "biases",
      inputs: [
        floats([1, 2, 2, 3], { seed: 1 }),
        floats([1, 2, 4, 3], { seed: 2 }),
        numbers([1, 1, 1, 0], [4], { dtype: "bool" }),
        floats([2, 2, 4], { seed: 3 }),
        floats([1, 2, 2, 3], { seed: 4 }),
        floats([2, 2, 2], { seed: 5 }),
      ],
      apply: (query, cached, mask, bias, fresh, freshBias) =>
        attentionWithCache(
          query!,
          { key: cached!, value: cached!, mask: mask!, bias },
          { key: fresh!, value: fresh!, bias: freshBias },
          { scale: 1 },
        ),
    },
  ],
  crossEntropy: [
    entropy("mean", {}),
    entropy("sum", { reduction: "sum" }),
    entropy("none", { reduction: "none" }),
    entropy("ignored targets", {}, [0, -100, 1, -100]),
    entropy("all ignored", {}, [-100, -100, -100, -100]),
    entropy("other ignore index", { ignoreIndex: 2 }),
    {
      name: "named",
      inputs: [sequences(1), integers([2, 3], { range: [0, 3], recordedShape: ["batch", "sequence"] })],
      apply: (logits, ids) => crossEntropy(logits!, ids!),
    },
  ],
};
