// Rotary position embedding (RoFormer, Su et al. 2021) as Llama applies it: the first half of a head is turned against the second.
// With the ways to stretch it over longer contexts than a model was trained on.
import { concat, constant, cos, iota, max, maximum, sin, type Tensor } from "@llm/tensor";
import { ModelError } from "../errors.ts";

/**
 * How positions are stretched:
 * - `"linear"`: positions divided by `factor` (Chen et al. 2023)
 * - `"dynamic"`: the base grows with the sequence once that is longer than `originalContextLength` (dynamic NTK)
 * - `"llama3"`: slow turns divided by `factor`, fast ones kept, those between blended (Llama 3.1)
 */
export type RopeScaling =
  | { readonly type: "linear"; readonly factor: number }
  | { readonly type: "dynamic"; readonly factor: number; readonly originalContextLength: number }
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContextLength: number;
    };

export interface RopeConfig {
  /** Base of the geometric series of frequencies. */
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling | undefined;
  /** An even number. */
  readonly headSize: number;
}

/** Cosine and sine of each position's angles: [T, headSize / 2], or [B, 1, T, headSize / 2] where sequences differ. */
export interface Rotation {
  readonly cosine: Tensor;
  readonly sine: Tensor;
}

/** Throws a `ModelError` that names the number that does not fit. */
export function checkRopeScaling(where: string, scaling: RopeScaling | undefined): void {
  for (const [name, value] of Object.entries(scaling ?? {})) {
    if (name !== "type" && !(typeof value === "number" && value > 0 && Number.isFinite(value))) {
      throw new ModelError(`${where}: ropeScaling.${name} must be a number above 0, got ${value}`);
    }
  }
  if (scaling?.type === "llama3" && scaling.lowFrequencyFactor >= scaling.highFrequencyFactor) {
    throw new ModelError(
      `${where}: ropeScaling.lowFrequencyFactor ${scaling.lowFrequencyFactor} must be below highFrequencyFactor ${scaling.highFrequencyFactor}`,
    );
  }
}

/** The rotation of `sequence` positions, the first of which is `start` (int32 scalar; 0 where it is not given). */
export function rotation(config: RopeConfig, sequence: Tensor["shape"][number], start?: Tensor): Rotation {
  const counted = iota(sequence);
  return rotationAt(config, start ? counted.add(start) : counted);
}

/** The rotation of given positions, int32 [..., T]: cosine and sine [..., T, headSize / 2]. */
export function rotationAt(config: RopeConfig, positions: Tensor): Rotation {
  const turns = positions.cast("float32").reshape([...positions.shape, 1]);
  const angles = turns.mul(frequencies(config, positions)); // [..., T, headSize / 2]
  return { cosine: cos(angles), sine: sin(angles) };
}

/** x [..., T, headSize], turned. */
export function rotate(x: Tensor, { cosine, sine }: Rotation): Tensor {
  const half = (x.shape.at(-1) as number) / 2;
  const [first, second] = x.split([half, half]) as [Tensor, Tensor];
  return concat([first.mul(cosine).sub(second.mul(sine)), second.mul(cosine).add(first.mul(sine))], -1);
}

/** Radians per position: [headSize / 2]. */
function frequencies(config: RopeConfig, positions: Tensor): Tensor {
  const { ropeScaling: scaling, ropeTheta, headSize } = config;
  if (scaling?.type === "dynamic") return dynamicFrequencies(config, scaling, positions);
  const plain = exponents(headSize).map((exponent) => 1 / ropeTheta ** exponent);
  const stretched = scaling ? plain.map((frequency) => stretch(frequency, scaling)) : plain;
  return constant(stretched, "float32", [headSize / 2]);
}

/** 0, 2/headSize, 4/headSize, … */
function exponents(headSize: number): number[] {
  return Array.from({ length: headSize / 2 }, (_, i) => (2 * i) / headSize);
}

function stretch(frequency: number, scaling: Exclude<RopeScaling, { type: "dynamic" }>): number {
  if (scaling.type === "linear") return frequency / scaling.factor;
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalContextLength } = scaling;
  const turnsInContext = (originalContextLength * frequency) / (2 * Math.PI);
  const kept = (turnsInContext - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
  const share = Math.min(1, Math.max(0, kept));
  return share * frequency + ((1 - share) * frequency) / factor;
}

function dynamicFrequencies(
  { ropeTheta, headSize }: RopeConfig,
  { factor, originalContextLength }: Extract<RopeScaling, { type: "dynamic" }>,
  positions: Tensor,
): Tensor {
  const longest = max(positions).add(1).cast("float32");
  const length = maximum(longest, originalContextLength);
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
