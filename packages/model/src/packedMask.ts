// What positions see where several texts share a sequence: nothing of another text.
import { cast, cumulativeSum, equal, type Tensor } from "@llm/tensor";

/** Which keys are of a query's own text, bool [B, 1, T, T]; `positionIds` int32 [B, T] counts from 0 in each text. */
export function packedMask(positionIds: Tensor): Tensor {
  const [batch, sequence] = positionIds.shape;
  const texts = cumulativeSum(cast(equal(positionIds, 0), "int32"), 1); // [B, T], the number of the text
  return equal(texts.reshape([batch!, 1, sequence!, 1]), texts.reshape([batch!, 1, 1, sequence!]));
}
