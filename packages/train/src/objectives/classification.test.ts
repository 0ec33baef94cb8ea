import { BertForSequenceClassification, BertForTokenClassification } from "@llm/model";
import { referenceExecutor, setDefaultExecutor, tensor } from "@llm/tensor";
import { expect, it } from "vitest";
import { lossOf } from "../../test/objectiveFixtures.ts";
import { multiLabelClassification } from "./multiLabelClassification.ts";
import { sequenceClassification, sequenceRegression } from "./sequenceClassification.ts";
import { labelsOfTokens, tokenClassification } from "./tokenClassification.ts";

setDefaultExecutor(referenceExecutor());

const sizes = { vocabularySize: 24, contextLength: 8, layers: 1, heads: 1, width: 4 };
const classifier = new BertForSequenceClassification({ ...sizes, labels: ["no", "yes"] });

it("names labels outside of the model's classes, and all of a dataset at once", () => {
  const { checkBatch } = sequenceClassification();
  const check = (label: number) => () =>
    checkBatch!(
      [
        { inputIds: [3], label: 1 },
        { inputIds: [4], label },
      ],
      classifier,
    );
  expect(check(2)).toThrow(
    "Trainer: the label of example 1 is 2, the model's classes are 0 to 1 (make the model with the labels of the data)",
  );
  expect(check(-1)).toThrow("the label of example 1 is -1");
  expect(check(0.5)).toThrow("the label of example 1 is 0.5");
  expect(check(0)).not.toThrow();
});

it("gives the mean squared error of a value", async () => {
  const model = new BertForSequenceClassification({ ...sizes, labels: ["value"] });
  const batch = [
    { inputIds: [3, 4], label: 0.5 },
    { inputIds: [5], label: -2 },
  ];
  const values = await Promise.all(
    batch.map(async ({ inputIds }) => {
      const ids = tensor(Int32Array.from(inputIds), { shape: [1, inputIds.length] });
      return model.forward(ids).item();
    }),
  );
  const expected = values.reduce((sum, value, i) => sum + (value - batch[i]!.label) ** 2, 0) / 2;
  const { loss, count } = await lossOf(sequenceRegression(), model, batch);
  expect(count).toBe(2);
  expect(loss).toBeCloseTo(expected, 5);
  const { checkModel, checkBatch } = sequenceRegression();
  expect(() => checkModel!(classifier)).toThrow("sequenceRegression: the model has 2 labels, a value needs one");
  expect(() => checkBatch!([{ inputIds: [3], label: Number.NaN }], model)).toThrow(
    "example 0 must be a number, got NaN",
  );
});

it("names a model that was made for other labels", () => {
  const problemType = "regression";
  const model = new BertForSequenceClassification({ ...sizes, labels: ["value"], problemType });
  expect(() => sequenceRegression().checkModel!(model)).not.toThrow();
  expect(() => multiLabelClassification().checkModel!(model)).toThrow(
    'multiLabelClassification: the model is made for problemType "regression" (make it with problemType: "multi_label_classification", or leave it out)',
  );
  expect(() => sequenceClassification().checkModel!(model)).toThrow('problemType: "single_label_classification"');
});

it("names labels of several classes that cannot be", () => {
  const { checkBatch } = multiLabelClassification();
  const check = (labels: number[]) => () => checkBatch!([{ inputIds: [3, 4], labels }], classifier);
  expect(check([1])).toThrow("example 0 has 1 labels, the model 2 classes (give one for each class, 1 or 0)");
  expect(check([0, 2])).toThrow("a label of example 0 is 2 (give each class 1 or 0, or a share between)");
  expect(check([0, Number.NaN])).toThrow("a label of example 0 is NaN");
  expect(() => checkBatch!([{ inputIds: [3], label: 1 } as never], classifier)).toThrow("example 0 has no labels");
  expect(check([0.5, 1])).not.toThrow();
});

it("names labels of tokens that cannot be", () => {
  const model = new BertForTokenClassification({ ...sizes, labels: ["O", "B-X"] });
  const { checkBatch } = tokenClassification();
  const check = (labels: number[]) => () => checkBatch!([{ inputIds: [3, 4], labels }], model);
  expect(check([0])).toThrow("example 0 has 2 tokens and 1 labels (give each token one, -100 where it does not count)");
  expect(check([0, 2])).toThrow("the label of example 0 is 2, the model's classes are 0 to 1");
  expect(check([-100, 1])).not.toThrow();
  expect(() => tokenClassification({ labels: ["O", "B-Y"] }).checkModel!(model)).toThrow(
    "tokenClassification: labels are O, B-Y, the model's are O, B-X (make the model with the same)",
  );
});

it("gives a word's label to its first token", () => {
  // [CLS] Ada Love ##lace , wrote [SEP]
  const offsets = [
    [0, 0],
    [0, 3],
    [4, 8],
    [8, 12],
    [12, 13],
    [14, 19],
    [0, 0],
  ] as const;
  const words = [
    { start: 0, end: 3, label: 1 },
    { start: 4, end: 12, label: 2 },
    { start: 14, end: 19, label: 0 },
  ];
  expect(Array.from(labelsOfTokens(offsets, words))).toEqual([-100, 1, 2, -100, -100, 0, -100]);
});
