import { BertForSequenceClassification, Gpt } from "@llm/model";
import { expect, it } from "vitest";
import { causalLanguageModel } from "./causalLanguageModel.ts";
import { distillation } from "./distillation.ts";
import { sequenceClassification } from "./sequenceClassification.ts";

const sizes = { vocabularySize: 24, contextLength: 8, layers: 1, heads: 1, width: 4 };
const student = new Gpt(sizes);

it("refuses a teacher with another vocabulary, other labels or a shorter context", () => {
  const other = distillation({ teacher: new Gpt({ ...sizes, vocabularySize: 30 }), objective: causalLanguageModel });
  expect(() => other.checkModel!(student)).toThrow(
    "distillation: the teacher has a vocabulary of 30, the student of 24 (both must read the same tokens: give the student the teacher's tokenizer)",
  );
  const classifier = (labels: string[]) => new BertForSequenceClassification({ ...sizes, labels });
  const labelled = distillation({ teacher: classifier(["a", "b", "c"]), objective: sequenceClassification() });
  expect(() => labelled.checkModel!(classifier(["a", "b"]))).toThrow(
    "distillation: the teacher's labels are a, b, c, the student's a, b (give the student the teacher's labels)",
  );
  const short = distillation({ teacher: new Gpt({ ...sizes, contextLength: 4 }), objective: causalLanguageModel });
  const ids = new Int32Array(6);
  expect(() => short.checkBatch!({ inputIds: ids, labels: ids, batchSize: 1, sequenceLength: 6 }, student)).toThrow(
    "the batches have 6 tokens a sequence, the model's context holds 4",
  );
});

it("names what cannot be", () => {
  const make = (options: object) => () =>
    distillation({ teacher: student, objective: causalLanguageModel, ...options });
  expect(make({ temperature: 0 })).toThrow("distillation: temperature must be a number above 0, got 0");
  expect(make({ alpha: 0 })).toThrow("distillation: alpha must be above 0 and at most 1, got 0");
});

it("keeps in its settings what it was made of", () => {
  expect(distillation({ teacher: student, objective: sequenceClassification() as never }).settings).toEqual({
    objective: { name: "sequenceClassification" },
    temperature: 2,
    alpha: 0.5,
  });
});
