// How rotary positions are stretched so that a model reads longer contexts than it was trained on, equal to transformers.
import { constant, greater, max, maximum, type Tensor, where } from "@llm/tensor";
import { ModelError } from "../errors.ts";

/** Positions divided by `factor` (Chen et al. 2023). */
export interface LinearRopeScaling {
  readonly type: "linear";
  readonly factor: number;
}

/** The base grows with the sequence once that is longer than `originalContextLength` (dynamic NTK). */
export interface DynamicRopeScaling {
  readonly type: "dynamic";
  readonly factor: number;
  readonly originalContextLength: number;
}

/** Slow turns divided by `factor`, fast ones kept, those between blended (Llama 3.1). */
export interface Llama3RopeScaling {
  readonly type: "llama3";
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  readonly originalContextLength: number;
}

/** As llama3, blended along the dimensions instead of the frequencies, with attention made sharper (YaRN, Peng et al. 2023). */
export interface YarnRopeScaling {
  readonly type: "yarn";
  readonly factor: number;
  readonly originalContextLength: number;
  /** Multiplies cosines and sines. Default 0.1 · ln(factor) + 1. */
  readonly attentionFactor?: number | undefined;
  /** Dimensions that turn more often than this within the original context are kept. Default 32. */
  readonly betaFast?: number | undefined;
  /** Dimensions that turn less often than this are divided by `factor`. Default 1. */
  readonly betaSlow?: number | undefined;
  /** Whole dimensions only as the ends of the blend. Default true. */
  readonly truncate?: boolean | undefined;
}

/** Each frequency divided by a factor of its own, found by search, other ones beyond `originalContextLength` (Ding et al. 2024). */
export interface LongRopeScaling {
  readonly type: "longrope";
  /** headSize / 2 numbers for sequences up to `originalContextLength`. */
  readonly shortFactors: readonly number[];
  /** headSize / 2 numbers for longer sequences, in which they hold for all positions. */
  readonly longFactors: readonly number[];
  readonly originalContextLength: number;
  /** How many times as long the context is; it gives the default of `attentionFactor`. */
  readonly factor: number;
  /** Multiplies cosines and sines. Default sqrt(1 + ln(factor) / ln(originalContextLength)). */
  readonly attentionFactor?: number | undefined;
}

export type RopeScaling =
  | LinearRopeScaling
  | DynamicRopeScaling
  | Llama3RopeScaling
  | YarnRopeScaling
  | LongRopeScaling;

export interface RopeConfig {
  /** Base of the geometric series of frequencies. */
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling | undefined;
  /** An even number. */
  readonly headSize: number;
}

/** Throws a `ModelError` that names the number that does not fit. */
export function checkRopeScaling(where: string, { ropeScaling: scaling, headSize }: RopeConfig): void {
  if (!scaling) return;
  const requirePositive = (name: string, value: unknown) => {
    if (!(typeof value === "number" && value > 0 && Number.isFinite(value)))
      throw new ModelError(`${where}: ropeScaling.${name} must be a number above 0, got ${value}`);
  };
  const { type, ...numbers } = scaling;
  for (const [name, value] of Object.entries(numbers)) {
    if (Array.isArray(value)) for (const [i, factor] of value.entries()) requirePositive(`${name}[${i}]`, factor);
    else if (typeof value !== "boolean" && value !== undefined) requirePositive(name, value);
  }
  const requireOrder = (low: [string, number], high: [string, number]) => {
    if (low[1] >= high[1])
      throw new ModelError(`${where}: ropeScaling.${low[0]} ${low[1]} must be below ${high[0]} ${high[1]}`);
  };
  if (type === "llama3") {
    const { lowFrequencyFactor, highFrequencyFactor } = scaling;
    requireOrder(["lowFrequencyFactor", lowFrequencyFactor], ["highFrequencyFactor", highFrequencyFactor]);
  }
  if (type === "yarn") {
    const { betaSlow = defaultBetaSlow, betaFast = defaultBetaFast } = scaling;
    requireOrder(["betaSlow", betaSlow], ["betaFast", betaFast]);
  }
  if (type !== "longrope") return;
  for (const name of ["shortFactors", "longFactors"] as const) {
    if (scaling[name].length !== headSize / 2) {
      throw new ModelError(
        `${where}: ropeScaling.${name} must hold headSize / 2 = ${headSize / 2} numbers, got ${scaling[name].length}`,
      );
    }
  }
}

/** What cosines and sines are multiplied by. */
export function attentionFactor(scaling: RopeScaling | undefined): number {
  if (scaling?.type === "yarn") return scaling.attentionFactor ?? yarnAttention(scaling.factor);
  if (scaling?.type !== "longrope") return 1;
  const { factor, originalContextLength } = scaling;
  if (scaling.attentionFactor !== undefined) return scaling.attentionFactor;
  return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContextLength));
}

/** YaRN's temperature of attention; `scale` weighs the logarithm. */
export function yarnAttention(factor: number, scale = 1): number {
  return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
}

/** Radians per position at `positions` (int32 [..., T]): [headSize / 2], or [..., 1, headSize / 2] where the sequence's length decides. */
export function frequencies(config: RopeConfig, positions: Tensor): Tensor {
  const { ropeScaling: scaling, ropeTheta, headSize } = config;
  const plain = exponents(headSize).map((exponent) => 1 / ropeTheta ** exponent);
  const fixed = (values: readonly number[]) => constant(values, "float32", [headSize / 2]);
  switch (scaling?.type) {
    case undefined:
      return fixed(plain);
    case "linear":
      return fixed(plain.map((frequency) => frequency / scaling.factor));
    case "llama3":
      return fixed(plain.map((frequency) => llama3Frequency(frequency, scaling)));
    case "yarn": {
      const kept = yarnShares(config, scaling);
      return fixed(plain.map((frequency, i) => blend(frequency, scaling.factor, kept[i]!)));
    }
    case "longrope": {
      const [short, long] = [scaling.shortFactors, scaling.longFactors].map((factors) =>
        fixed(plain.map((frequency, i) => frequency / factors[i]!)),
      );
      return where(greater(lengthAt(positions), scaling.originalContextLength), long!, short!);
    }
    case "dynamic":
      return dynamicFrequencies(config, scaling, positions);
  }
}

/** 0, 2/headSize, 4/headSize, … */
function exponents(headSize: number): number[] {
  return Array.from({ length: headSize / 2 }, (_, i) => (2 * i) / headSize);
}

/** int32 [..., 1, 1]: how long each sequence is. */
function lengthAt(positions: Tensor): Tensor {
  return max(positions, -1)
    .add(1)
    .reshape([...positions.shape.slice(0, -1), 1, 1]);
}

/** `share` of the frequency itself, and what is left to 1 of the frequency divided by `factor`. */
function blend(frequency: number, factor: number, share: number): number {
  return share * frequency + ((1 - share) * frequency) / factor;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

function llama3Frequency(frequency: number, scaling: Llama3RopeScaling): number {
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalContextLength } = scaling;
  const turnsInContext = (originalContextLength * frequency) / (2 * Math.PI);
  const kept = (turnsInContext - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
  return blend(frequency, factor, clamp(kept));
}

const defaultBetaFast = 32;
const defaultBetaSlow = 1;

/** For each pair of dimensions the share of its frequency that is kept. */
function yarnShares({ ropeTheta, headSize }: RopeConfig, scaling: YarnRopeScaling): number[] {
  const { originalContextLength, betaFast = defaultBetaFast, betaSlow = defaultBetaSlow, truncate = true } = scaling;
  // The dimension that turns so often within the original context.
  const dimensionOf = (turns: number) =>
    (headSize * Math.log(originalContextLength / (turns * 2 * Math.PI))) / (2 * Math.log(ropeTheta));
  const [fast, slow] = [dimensionOf(betaFast), dimensionOf(betaSlow)];
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0);
  const high = Math.min(truncate ? Math.ceil(slow) : slow, headSize - 1);
  const range = high === low ? 0.001 : high - low;
  return exponents(headSize).map((_, i) => 1 - clamp((i - low) / range));
}

function dynamicFrequencies(
  { ropeTheta, headSize }: RopeConfig,
  { factor, originalContextLength }: DynamicRopeScaling,
  positions: Tensor,
): Tensor {
  const length = maximum(lengthAt(positions).cast("float32"), originalContextLength);
  const growth = length.mul(factor / originalContextLength).sub(factor - 1);
  // base · growth^(D / (D - 2)), as logarithms: frequency i is its power -2i / D.
  const base = growth
    .log()
    .mul(headSize / (headSize - 2))
    .add(Math.log(ropeTheta));
  return constant(exponents(headSize), "float32", [headSize / 2])
    .mul(base)
    .neg()
    .exp();
}
