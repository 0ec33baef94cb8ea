import { exampleBatches } from "@llm/data";
import { BertForSequenceClassification } from "@llm/model";
import { describe, expect, it } from "vitest";
import { evaluateModel } from "./evaluateModel.ts";
import type { EvaluationEvent } from "./events.ts";
import { sequenceClassification } from "./objectives/sequenceClassification.ts";
import { Trainer } from "./trainer.ts";

const examples = Array.from({ length: 10 }, (_, i) => ({ inputIds: [1, 2 + (i % 2), 4], label: i % 2 }));
const model = new BertForSequenceClassification({ vocabularySize: 8, contextLength: 4, layers: 1, heads: 1, width: 8 });
const heldOut = () => exampleBatches(examples, { batchSize: 4, shuffle: false });
const objective = sequenceClassification();

describe("evaluateModel", () => {
  it.each(["float32", "bfloat16"] as const)(
    "tells what a training in %s tells of the same model",
    async (precision) => {
      const trainer = new Trainer({
        model,
        objective,
        data: exampleBatches(examples, { batchSize: 5 }),
        evaluation: { data: heldOut(), every: 3, batches: Number.POSITIVE_INFINITY },
        steps: 3,
        learningRate: 0.01,
        precision,
      });
      let told: EvaluationEvent | undefined;
      for await (const event of trainer) if (event.type === "evaluation") told = event;
      const { loss, metrics } = await evaluateModel(trainer.model, { objective, data: heldOut(), precision });
      expect({ loss, metrics }).toEqual({ loss: told?.loss, metrics: told?.metrics });
      const { loss: otherLoss } = await evaluateModel(trainer.model, {
        objective,
        data: heldOut(),
        precision: precision === "float32" ? "bfloat16" : "float32",
      });
      expect(otherLoss).not.toBe(loss);
      expect(Math.abs(otherLoss / loss - 1)).toBeLessThan(0.01);
      expect(loss).not.toBe((await evaluateModel(model, { objective, data: heldOut(), precision })).loss);
    },
  );

  it("evaluates as many batches as it is told, and refuses what cannot be", async () => {
    const first = await evaluateModel(model, { objective, data: heldOut(), batches: 1 });
    const alone = exampleBatches(examples.slice(0, 4), { batchSize: 4, shuffle: false });
    expect(first).toEqual(await evaluateModel(model, { objective, data: alone }));
    await expect(evaluateModel(model, { objective, data: heldOut(), batches: 0 })).rejects.toThrow(
      "evaluateModel: batches must be a whole number above 0 or Infinity, got 0",
    );
    await expect(evaluateModel(model, { objective, data: heldOut(), precision: "int8" as "float32" })).rejects.toThrow(
      "evaluateModel: precision must be one of float32, float16, bfloat16, got int8",
    );
    const wrong = exampleBatches([{ inputIds: [9], label: 0 }], { batchSize: 1 });
    await expect(evaluateModel(model, { objective, data: wrong })).rejects.toThrow("inputIds");
  });
});
