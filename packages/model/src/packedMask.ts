// What positions see where several texts share a sequence: nothing of another text.
import { cast, cumulativeSum, equal, logicalAnd, type Tensor } from "@llm/tensor";

/**
 * Which keys each query sees, bool [B, 1, T, T]: those of its own text that `visible` (bool [T, T], causal) shows it.
 * `positionIds` int32 [B, T] counts from 0 in each text.
 */
export function packedMask(positionIds: Tensor, visible: Tensor): Tensor {
  const [batch, sequence] = positionIds.shape;
  const texts = cumulativeSum(cast(equal(positionIds, 0), "int32"), 1); // [B, T], the number of the text
  const same = equal(texts.reshape([batch!, 1, sequence!, 1]), texts.reshape([batch!, 1, 1, sequence!]));
  return logicalAnd(same, visible);
}
