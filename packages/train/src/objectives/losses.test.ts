// Losses of transformers, TRL and PyTorch on small models, to 1e-5.
import {
  BertForMaskedLM,
  BertForQuestionAnswering,
  BertForSequenceClassification,
  BertForTokenClassification,
  type CausalLanguageModel,
  namedParameters,
  T5,
} from "@llm/model";
import { mapTensors, onnxExecutor, setDefaultExecutor } from "@llm/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  expectedValues,
  fixtureDecoder,
  fixtureModel,
  lossOf,
  lossOfInputs,
  relativeError,
} from "../../test/objectiveFixtures.ts";
import { causalLanguageModel } from "./causalLanguageModel.ts";
import { distillation } from "./distillation.ts";
import { extractiveQuestionAnswering } from "./extractiveQuestionAnswering.ts";
import { type ChatExample, instructionTuning } from "./instructionTuning.ts";
import { maskedLanguageModel } from "./maskedLanguageModel.ts";
import { multiLabelClassification } from "./multiLabelClassification.ts";
import { packExamples } from "./packExamples.ts";
import { padRows } from "./padding.ts";
import { preferenceOptimization } from "./preferenceOptimization.ts";
import { type Preference, scorePreferences } from "./preferences.ts";
import { sequenceClassification, sequenceRegression } from "./sequenceClassification.ts";
import { sequenceToSequence } from "./sequenceToSequence.ts";
import { textInputs } from "./textExamples.ts";
import { tokenClassification } from "./tokenClassification.ts";

interface Losses {
  encoders: {
    texts: number[][];
    masked: { labels: number[][]; loss: number };
    sequence: { labels: number[]; loss: number };
    several: { labels: number[][]; loss: number };
    value: { labels: number[]; loss: number };
    token: { labels: number[][]; loss: number };
    question: { starts: number[]; ends: number[]; loss: number };
  };
  encoderDecoder: { inputs: number[][]; labels: number[][]; loss: number };
  preferences: {
    pairs: Preference[];
    beta: number;
    labelSmoothing: number;
    referenceFactor: number;
    reference: { chosen: number[]; rejected: number[] };
    losses: { plain: number; smoothed: number };
    chosenReward: number;
    rejectedReward: number;
    accuracy: number;
  };
  conversations: { chats: ChatExample[]; loss: number };
  distillation: {
    rows: number[][];
    labels: number[][];
    temperature: number;
    alpha: number;
    teacherFactor: number;
    divergence: number;
    crossEntropy: number;
    loss: number;
  };
}

const executor = onnxExecutor({ thread: "main", threads: 1 });
let expected: Losses;
let gpt: CausalLanguageModel;
beforeAll(async () => {
  setDefaultExecutor(executor);
  expected = await expectedValues<Losses>("losses");
  gpt = await fixtureDecoder("gpt2");
});
afterAll(() => executor.dispose());

/** The model with all parameters multiplied. */
const scaled = (model: CausalLanguageModel, factor: number) => mapTensors(model, (parameter) => parameter.mul(factor));

describe("encoders", () => {
  const examples = () =>
    expected.encoders.texts.map((inputIds) => ({
      inputIds,
      tokenTypeIds: inputIds.map((_, i) => Number(i >= 3)),
    }));

  it("masked tokens", async () => {
    const model = await fixtureModel("bert-masked", BertForMaskedLM);
    const { labels, loss } = expected.encoders.masked;
    const vocabulary = {
      vocabularySize: 40,
      specialTokens: new Map([["[MASK]", 1]]),
      tokenToId: () => 1,
      idToToken: String,
    };
    const { inputs, length } = textInputs(examples(), model.config, {});
    const objective = maskedLanguageModel({ tokenizer: vocabulary });
    const actual = await lossOfInputs(objective, model, { ...inputs, labels: padRows(labels, length, -100) });
    expect(actual.count).toBe(4);
    expect(relativeError(actual.loss, loss)).toBeLessThan(1e-5);
    const columns = [[2, 7], [4], [0]];
    const chosen = columns.map((places, row) => places.map((column) => labels[row]![column]!));
    const places = { places: padRows(columns, 2, 0), labels: padRows(chosen, 2, -100) };
    const ofPlaces = await lossOfInputs(objective, model, { ...inputs, ...places });
    expect(relativeError(ofPlaces.loss, loss)).toBeLessThan(1e-5);
  });

  it("classes of texts", async () => {
    const model = await fixtureModel("bert-sequence", BertForSequenceClassification);
    const { labels, loss } = expected.encoders.sequence;
    const batch = examples().map((example, i) => ({ ...example, label: labels[i]! }));
    const actual = await lossOf(sequenceClassification(), model, batch);
    expect(relativeError(actual.loss, loss)).toBeLessThan(1e-5);
  });

  it("several classes of texts", async () => {
    const model = await fixtureModel("bert-sequence", BertForSequenceClassification);
    const { labels, loss } = expected.encoders.several;
    const batch = examples().map((example, i) => ({ ...example, labels: labels[i]! }));
    const actual = await lossOf(multiLabelClassification(), model, batch);
    expect(actual.count).toBe(9);
    expect(relativeError(actual.loss, loss)).toBeLessThan(1e-5);
  });

  it("values of texts", async () => {
    const model = await fixtureModel("bert-sequence", BertForSequenceClassification);
    const { labels, loss } = expected.encoders.value;
    const config = { ...model.config, labels: ["value"] };
    const parameters = { ...Object.fromEntries(namedParameters(model)) };
    const first = (name: string) => parameters[name]!.slice(0, 0, 1);
    for (const name of ["classifier.weight", "classifier.bias"]) parameters[name] = first(name);
    const one = mapTensors(new BertForSequenceClassification(config), (_, name) => parameters[name]!);
    const batch = examples().map((example, i) => ({ ...example, label: labels[i]! }));
    const actual = await lossOf(sequenceRegression(), one, batch);
    expect(relativeError(actual.loss, loss)).toBeLessThan(1e-5);
  });

  it("classes of tokens", async () => {
    const model = await fixtureModel("bert-token", BertForTokenClassification);
    const { labels, loss } = expected.encoders.token;
    const batch = examples().map((example, i) => ({ ...example, labels: labels[i]! }));
    const actual = await lossOf(tokenClassification(), model, batch);
    expect(relativeError(actual.loss, loss)).toBeLessThan(1e-5);
  });

  it("answers in texts", async () => {
    const model = await fixtureModel("bert-question", BertForQuestionAnswering);
    const { starts, ends, loss } = expected.encoders.question;
    const question = { id: "1", question: "", context: "", answers: [] };
    const batch = examples().map((example, i) => ({
      ...example,
      question,
      places: [],
      start: starts[i]!,
      end: ends[i]!,
    }));
    // transformers' loss is over the padded length: here too, nothing else is padded.
    const actual = await lossOf(extractiveQuestionAnswering({ padToMultipleOf: 1 }), model, batch);
    expect(relativeError(actual.loss, loss)).toBeLessThan(1e-5);
  });
});

it("sequences from sequences, with T5", async () => {
  const model = await fixtureModel("t5", T5);
  const { inputs, labels, loss } = expected.encoderDecoder;
  const batch = inputs.map((inputIds, i) => ({ inputIds, labels: labels[i]! }));
  const actual = await lossOf(sequenceToSequence(), model, batch);
  expect(actual.count).toBe(9);
  expect(relativeError(actual.loss, loss)).toBeLessThan(1e-5);
});

describe("conversations", () => {
  it("one to a sequence, or packed: the same loss", async () => {
    const { chats, loss } = expected.conversations;
    const alone = await lossOf(instructionTuning(), gpt, chats);
    const packed = await lossOf(instructionTuning(), gpt, packExamples(chats, 27));
    expect(packed.count).toBe(alone.count);
    expect(relativeError(alone.loss, loss)).toBeLessThan(1e-5);
    expect(relativeError(packed.loss, loss)).toBeLessThan(1e-5);
  });
});

describe("preferences", () => {
  it("with the reference in the step, or its scores among the data", async () => {
    const {
      pairs,
      beta,
      labelSmoothing,
      referenceFactor,
      reference: scores,
      losses,
      ...rewards
    } = expected.preferences;
    const reference = scaled(gpt, referenceFactor);
    const scored = await scorePreferences(reference, pairs, { batchSize: 2 });
    for (const [i, { referenceLogProbabilities }] of scored.entries()) {
      expect(relativeError(referenceLogProbabilities.chosen, scores.chosen[i]!)).toBeLessThan(1e-5);
      expect(relativeError(referenceLogProbabilities.rejected, scores.rejected[i]!)).toBeLessThan(1e-5);
    }
    const results = [
      [await lossOf(preferenceOptimization({ reference, beta }), gpt, pairs), losses.plain],
      [await lossOf(preferenceOptimization({ beta }), gpt, scored), losses.plain],
      [await lossOf(preferenceOptimization({ reference, beta, labelSmoothing }), gpt, pairs), losses.smoothed],
    ] as const;
    for (const [{ loss, metrics }, expectedLoss] of results) {
      expect(relativeError(loss, expectedLoss)).toBeLessThan(1e-5);
      expect(metrics.accuracy).toBeCloseTo(rewards.accuracy, 6);
      expect(relativeError(metrics.chosenReward!, rewards.chosenReward)).toBeLessThan(1e-4);
      expect(relativeError(metrics.rejectedReward!, rewards.rejectedReward)).toBeLessThan(1e-4);
      expect(metrics.margin).toBeCloseTo(rewards.chosenReward - rewards.rejectedReward, 4);
    }
  });
});

it("what a teacher thinks", async () => {
  const { rows, labels, temperature, alpha, teacherFactor, ...losses } = expected.distillation;
  const batch = {
    inputIds: Int32Array.from(rows.flatMap((row) => row.slice(0, -1))),
    labels: Int32Array.from(labels.flat()),
    batchSize: 2,
    sequenceLength: 7,
  };
  const teacher = scaled(gpt, teacherFactor);
  const objective = distillation({ teacher, objective: causalLanguageModel, temperature, alpha });
  const { loss, metrics } = await lossOf(objective, gpt, batch);
  expect(relativeError(loss, losses.loss)).toBeLessThan(1e-5);
  expect(relativeError(metrics.divergence!, losses.divergence)).toBeLessThan(1e-5);
  expect(relativeError(metrics.crossEntropy!, losses.crossEntropy)).toBeLessThan(1e-5);
});
