// What a Trainer may be made of, by its types. Nothing here trains.
import { exampleBatches } from "@llm/data";
import { BertForMaskedLM, BertForSequenceClassification, Gpt, Llama } from "@llm/model";
import { expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../../test/memoryBatches.ts";
import { vocabulary } from "../../test/objectiveCases.ts";
import { Trainer } from "../trainer.ts";
import { causalLanguageModel } from "./causalLanguageModel.ts";
import { distillation } from "./distillation.ts";
import { maskedLanguageModel } from "./maskedLanguageModel.ts";
import { sequenceClassification } from "./sequenceClassification.ts";

const sizes = { vocabularySize: 24, contextLength: 16, layers: 1, heads: 2, width: 8 };
const windows = () => memoryBatches(countingBatches(2, { length: 12 }));
const texts = () => exampleBatches([{ inputIds: [3, 4], label: 1 }], { batchSize: 1 });

it("tells the trained model's class, and needs an objective where the default does not fit", () => {
  const gpt = new Trainer({ model: new Gpt(sizes), data: windows(), steps: 1 });
  expect(gpt.model.transformer.h).toHaveLength(1);

  const bert = new Trainer({
    model: new BertForMaskedLM(sizes),
    data: windows(),
    objective: maskedLanguageModel({ tokenizer: vocabulary }),
    steps: 1,
  });
  expect(bert.model.cls.predictions.bias.shape).toEqual([24]);

  const classifier = new Trainer({
    model: new BertForSequenceClassification(sizes),
    data: texts(),
    objective: sequenceClassification(),
    steps: 1,
  });
  expect(classifier.model.config.labels).toHaveLength(2);

  const student = new Trainer({
    model: new Gpt(sizes),
    data: windows(),
    objective: distillation({
      teacher: new Llama({ ...sizes, family: "llama", hiddenWidth: 8 }),
      objective: causalLanguageModel,
    }),
    steps: 1,
  });
  expect(student.model.config.width).toBe(8);

  // @ts-expect-error an encoder needs an objective
  const withoutObjective = () => new Trainer({ model: new BertForMaskedLM(sizes), data: windows(), steps: 1 });
  // @ts-expect-error texts with labels are no windows of tokens
  const otherData = () => new Trainer({ model: new Gpt(sizes), data: texts(), steps: 1 });
  const ofTexts = { data: texts(), objective: sequenceClassification(), steps: 1 };
  // @ts-expect-error an objective of another model
  const otherModel = () => new Trainer({ ...ofTexts, model: new Gpt(sizes) });
  expect([withoutObjective, otherData, otherModel]).toHaveLength(3);
});
