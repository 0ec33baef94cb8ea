// Rotary position embedding (RoFormer, Su et al. 2021) as Llama applies it: the first half of a head is turned against the second. How
// it is stretched over longer contexts is in ropeScaling.ts.
import { cos, iota, rotateHalves, sin, type Tensor } from "@llm/tensor";
import { attentionFactor, frequencies, type RopeConfig } from "./ropeScaling.ts";

/** Cosine and sine of each position's angles: [T, headSize / 2], or [B, 1, T, headSize / 2] where sequences differ. */
export interface Rotation {
  readonly cosine: Tensor;
  readonly sine: Tensor;
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
  const factor = attentionFactor(config.ropeScaling);
  return factor === 1
    ? { cosine: cos(angles), sine: sin(angles) }
    : { cosine: cos(angles).mul(factor), sine: sin(angles).mul(factor) };
}

/** x [..., T, headSize], turned. */
export function rotate(x: Tensor, { cosine, sine }: Rotation): Tensor {
  return rotateHalves(x, cosine, sine);
}
