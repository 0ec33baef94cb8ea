// What a model of tokens must be better than: to say each as often as it comes, whatever is around it.
import type { BatchStream } from "@llm/data";
import type { PretrainedModel } from "@llm/model";
import type { Objective } from "@llm/train";

interface Counted<Model extends PretrainedModel, B> {
  readonly objective: Objective<Model, B>;
  readonly model: Model;
  readonly vocabularySize: number;
  /** What the tokens are counted in, an epoch of it. */
  readonly train: BatchStream<B>;
  readonly heldOut: BatchStream<B>;
  /** How many held-out batches. Default all. */
  readonly batches?: number;
}

/** Mean loss in nats at the targets that an evaluation of the objective has; each token is counted once more than it comes. */
export async function unigramLoss<Model extends PretrainedModel, B>(options: Counted<Model, B>): Promise<number> {
  const { objective, model, vocabularySize, train, heldOut, batches = heldOut.batchesPerEpoch } = options;
  /** The tokens to predict, drawn as in an evaluation. */
  async function* targets(stream: BatchStream<B>, count: number): AsyncGenerator<number> {
    for (let i = 0; i < Math.min(count, stream.batchesPerEpoch); i++) {
      const { labels } = objective.prepare((await stream.next())!, model, { seed: 0, place: `held-out ${i}` }).inputs;
      for (const label of (await labels!.data()) as Int32Array) if (label >= 0) yield label;
    }
  }
  const counts = new Float64Array(vocabularySize).fill(1);
  for await (const label of targets(train, Number.POSITIVE_INFINITY)) counts[label]! += 1;
  const total = counts.reduce((a, b) => a + b);
  let [sum, length] = [0, 0];
  for await (const label of targets(heldOut, batches)) {
    sum -= Math.log(counts[label]! / total);
    length += 1;
  }
  return sum / length;
}
