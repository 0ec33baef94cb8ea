// From a row of all heads to one row a head, and back.
import type { Tensor } from "@llm/tensor";

/** [B, T, heads · D] → [B, heads, T, D] */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, sequence, width] = x.shape;
  return x.reshape([batch!, sequence!, heads, (width as number) / heads]).transpose([0, 2, 1, 3]);
}

/** [B, heads, T, D] → [B, T, heads · D] */
export function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, sequence, size] = x.shape;
  return x.transpose([0, 2, 1, 3]).reshape([batch!, sequence!, (heads as number) * (size as number)]);
}
