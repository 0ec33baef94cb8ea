// Fine-tunes an encoder to tell positive from negative sentences, and says how often it is right.
import { join } from "node:path";
import { exampleBatches } from "@llm/data";
import type { BertForSequenceClassification } from "@llm/model";
import { evaluateModel, type LabelledText, linearSchedule, sequenceClassification, Trainer } from "@llm/train";

const objective = sequenceClassification();
const inOrder = (sentences: readonly LabelledText[]) => exampleBatches(sentences, { batchSize: 32, shuffle: false });

/** Share of the sentences that the model judges rightly. */
export async function accuracyOf(
  model: BertForSequenceClassification,
  heldOut: readonly LabelledText[],
): Promise<number> {
  return (await evaluateModel(model, { objective, data: inOrder(heldOut) })).metrics!.accuracy!;
}

interface Tuning {
  readonly train: readonly LabelledText[];
  readonly heldOut: readonly LabelledText[];
  readonly steps: number;
  /** The numbers of the training go to `NAME.jsonl` in this folder. */
  readonly folder: string;
  readonly name: string;
}

export async function accuracyAfterTuning(
  model: BertForSequenceClassification,
  { train, heldOut, steps, folder, name }: Tuning,
): Promise<number> {
  const trainer = new Trainer({
    model,
    objective,
    data: exampleBatches(train, { batchSize: 16 }),
    steps,
    learningRate: linearSchedule({ peak: 5e-4, warmupSteps: Math.ceil(steps / 10), totalSteps: steps }),
    evaluation: { data: inOrder(heldOut), batches: Number.POSITIVE_INFINITY, every: Math.ceil(steps / 16) },
    metricsFile: join(folder, `${name}.jsonl`),
  });
  await trainer.run();
  return accuracyOf(trainer.model, heldOut);
}
