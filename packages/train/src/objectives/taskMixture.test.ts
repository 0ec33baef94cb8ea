import { batchesInTurn, exampleBatches, mixBatches } from "@llm/data";
import { T5 } from "@llm/model";
import { referenceExecutor, setDefaultExecutor } from "@llm/tensor";
import { expect, it } from "vitest";
import type { EvaluationEvent, StepEvent, TrainEvent } from "../events.ts";
import { Trainer } from "../trainer.ts";
import type { SequencePair } from "./encoderDecoder.ts";
import { sequenceToSequence } from "./sequenceToSequence.ts";
import { taskMixture } from "./taskMixture.ts";

setDefaultExecutor(referenceExecutor());

const model = () =>
  new T5({
    vocabularySize: 12,
    contextLength: 8,
    layers: 1,
    heads: 1,
    width: 8,
    headSize: 4,
    hiddenWidth: 8,
    dropout: 0,
  });
const pairs = (answer: (ids: number[]) => number[]) =>
  [
    [3, 4],
    [5, 3],
    [4, 5],
    [3, 3],
  ].map((inputIds): SequencePair => ({ inputIds, labels: [...answer(inputIds), 1] }));
const tasks = (shuffle: boolean) => ({
  copy: exampleBatches(
    pairs((ids) => ids),
    { batchSize: 2, shuffle },
  ),
  first: exampleBatches(
    pairs(([id]) => [id!]),
    { batchSize: 2, shuffle },
  ),
});

it("tells each task's numbers, and learns both", async () => {
  const objective = sequenceToSequence({ padToMultipleOf: 4 });
  const events: TrainEvent[] = [];
  const trainer = new Trainer({
    model: model(),
    objective: taskMixture({ copy: objective, first: objective }),
    data: mixBatches(tasks(true)),
    evaluation: { data: batchesInTurn(tasks(false)), every: 60 },
    steps: 60,
    learningRate: 0.03,
    progress: false,
  });
  await trainer.run({ onEvent: (event) => events.push(event) });
  const steps = events.filter((event): event is StepEvent => event.type === "step");
  for (const { loss, metrics } of steps) {
    const [name, ...others] = Object.keys(metrics!);
    expect(["copy.loss", "first.loss"]).toContain(name);
    expect(others).toEqual([]);
    expect(metrics![name!]).toBeCloseTo(loss, 5);
  }
  const { metrics, loss } = events.find((event): event is EvaluationEvent => event.type === "evaluation")!;
  expect(Object.keys(metrics!).sort()).toEqual([
    "copy.accuracy",
    "copy.exactMatch",
    "copy.loss",
    "first.accuracy",
    "first.exactMatch",
    "first.loss",
  ]);
  // Three labels an example of the one task, two of the other.
  expect(loss).toBeCloseTo((3 * metrics!["copy.loss"]! + 2 * metrics!["first.loss"]!) / 5, 5);
  expect(loss).toBeLessThan(0.5 * steps[0]!.loss);
});

it("names tasks without an objective, no task, and the task of a batch that cannot be", () => {
  const make =
    (objective: ReturnType<typeof taskMixture<T5, { copy: readonly SequencePair[] }>>, data = tasks(true)) =>
    () =>
      new Trainer({ model: model(), objective: objective as never, data: mixBatches(data), steps: 1, progress: false });
  const objective = sequenceToSequence();
  expect(make(taskMixture({ copy: objective }))).toThrow(
    'taskMixture: a batch is of task "first", there are copy (give it an objective)',
  );
  expect(() => taskMixture({})).toThrow("taskMixture: expected at least one task, got none");
  const foreign = exampleBatches(
    pairs(() => [99]),
    { batchSize: 2 },
  );
  expect(make(taskMixture({ copy: objective, first: objective }) as never, { ...tasks(true), first: foreign })).toThrow(
    'task "first": Trainer: labels of example 0 has id 99, the model\'s vocabulary is 0 to 11',
  );
});
