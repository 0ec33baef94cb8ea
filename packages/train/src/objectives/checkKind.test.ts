// Models and batches of another kind than the objective is for, as a program in JavaScript may give them.
import { exampleBatches } from "@llm/data";
import { BertForMaskedLM, Gpt, type PretrainedModel, T5 } from "@llm/model";
import { describe, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../../test/memoryBatches.ts";
import { caseNames, withCase } from "../../test/objectiveCases.ts";
import { TrainError } from "../errors.ts";
import { Trainer } from "../trainer.ts";
import { instructionTuning } from "./instructionTuning.ts";
import { sequenceClassification } from "./sequenceClassification.ts";
import { sequenceToSequence } from "./sequenceToSequence.ts";

const sizes = { vocabularySize: 24, contextLength: 16, layers: 1, heads: 2, width: 8 };
const gpt = new Gpt(sizes);
const t5 = new T5({ ...sizes, headSize: 4, hiddenWidth: 16 });
const bert = new BertForMaskedLM(sizes);
const make = (options: object) => () => new Trainer({ steps: 1, ...options } as never);

describe("a model of another kind is refused when the trainer is made:", () => {
  it.each(caseNames)("%s", (name) => {
    withCase(name, ({ model, objective, data }) => {
      const others: PretrainedModel[] = [gpt, t5, bert].filter((other) => other.constructor !== model.constructor);
      const isEncoder = model.constructor.name.startsWith("Bert");
      const isDecoder = !isEncoder && !(model instanceof T5);
      for (const other of others) {
        if ((isEncoder && other === bert) || (isDecoder && other === gpt)) continue;
        expect(make({ model: other, objective, data })).toThrow(TrainError);
      }
      expect(make({ model, objective, data })).not.toThrow();
    });
  });

  it("with the kind it has to be, and its class", () => {
    const data = exampleBatches([{ inputIds: [3], labels: [4], label: 0, lossMask: [1] }], { batchSize: 1 });
    expect(make({ model: bert, objective: instructionTuning(), data })).toThrow(
      "instructionTuning: the model must be a decoder (Gpt, Llama, or one of your own with config.vocabularySize, config.contextLength and forward), got BertForMaskedLM",
    );
    expect(make({ model: gpt, objective: sequenceToSequence(), data })).toThrow(
      "must be an encoder-decoder (T5), got Gpt",
    );
    expect(make({ model: gpt, objective: sequenceClassification(), data })).toThrow("must be an encoder with the head");
  });
});

it("names batches and examples that are something else", async () => {
  const [window] = countingBatches(1);
  const { checkBatch } = instructionTuning();
  expect(() => checkBatch!(window as never, gpt)).toThrow(
    "instructionTuning: a batch must be an array of examples (exampleBatches of @llm/data makes them), got inputIds,",
  );
  expect(() => checkBatch!([{ text: "x" } as never], gpt)).toThrow("example 0 has no inputIds");
  expect(() => checkBatch!([{ inputIds: [3] } as never], gpt)).toThrow("has 1 tokens and a lossMask of 0");
  const chats = exampleBatches([{ inputIds: [3, 4], lossMask: [0, 1] }], { batchSize: 1 });
  expect(make({ model: gpt, data: chats })).toThrow("the batches must be windows of tokens");
});

it("names a first update that learns nothing", async () => {
  const data = exampleBatches([{ inputIds: [3, 4], lossMask: [0, 0] }], { batchSize: 1 });
  const trainer = new Trainer({ model: gpt, objective: instructionTuning(), data, steps: 2, progress: false });
  await expect(trainer.run()).rejects.toThrow("the first update has no targets");
});

it("names options that are missing or of another kind", () => {
  const data = memoryBatches(countingBatches(2));
  const cases: [object, string][] = [
    [{ model: undefined }, "model must be a model of @llm/model"],
    [{ data: [[3, 4]] }, "data must be a stream of batches"],
    [{ evaluation: { every: 1 } }, "evaluation.data must be a stream of batches"],
    [{ evaluation: { data: memoryBatches([]) } }, "evaluation.every must be a whole number above 0, got undefined"],
    [{ checkpoints: "run" }, "checkpoints.folder must be a path, got undefined"],
    [{ objective: instructionTuning }, "objective must be an objective (call the function that makes it)"],
    [{ optimizer: "adamw" }, "optimizer must be an optimizer (call the function that makes it)"],
    [{ trackers: {} }, "trackers must be an array, got object"],
  ];
  for (const [change, text] of cases) expect(make({ model: gpt, data, ...change })).toThrow(`Trainer: ${text}`);
});
