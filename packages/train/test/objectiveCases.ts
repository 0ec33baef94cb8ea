// One small training for each objective, made anew at each call: what the tests that hold for all of them go over.
import { type BatchStream, batchesInTurn, exampleBatches, mixBatches } from "@llm/data";
import {
  BertForMaskedLM,
  BertForQuestionAnswering,
  BertForSequenceClassification,
  BertForTokenClassification,
  Gpt,
  Llama,
  type PretrainedModel,
  T5,
} from "@llm/model";
import { causalLanguageModel } from "../src/objectives/causalLanguageModel.ts";
import { distillation } from "../src/objectives/distillation.ts";
import { extractiveQuestionAnswering } from "../src/objectives/extractiveQuestionAnswering.ts";
import { instructionTuning } from "../src/objectives/instructionTuning.ts";
import { maskedLanguageModel } from "../src/objectives/maskedLanguageModel.ts";
import { multiLabelClassification } from "../src/objectives/multiLabelClassification.ts";
import type { Objective } from "../src/objectives/objective.ts";
import { packExamples } from "../src/objectives/packExamples.ts";
import { preferenceOptimization } from "../src/objectives/preferenceOptimization.ts";
import { sequenceClassification, sequenceRegression } from "../src/objectives/sequenceClassification.ts";
import { sequenceToSequence } from "../src/objectives/sequenceToSequence.ts";
import { spanCorruption } from "../src/objectives/spanCorruption.ts";
import { taskMixture } from "../src/objectives/taskMixture.ts";
import { tokenClassification } from "../src/objectives/tokenClassification.ts";
import { countingBatches, memoryBatches } from "./memoryBatches.ts";

export interface ObjectiveCase<Model extends PretrainedModel, B> {
  readonly model: Model;
  readonly data: BatchStream<B>;
  readonly heldOut: BatchStream<B>;
  readonly objective: Objective<Model, B>;
}

const vocabularySize = 24;
const sizes = { vocabularySize, contextLength: 32, layers: 1, heads: 2, width: 8 };
/** Of the encoders. */
export const dropout = { hiddenDropout: 0.1, attentionDropout: 0.1 };
const decoder = (seed = 0) => new Gpt({ ...sizes, residualDropout: 0.1 }, { seed });
const t5 = () => new T5({ ...sizes, headSize: 4, hiddenWidth: 16, dropout: 0.1 });

/** Ids 3 and up are words, the even ones beginnings of words. */
export const vocabulary = {
  vocabularySize,
  specialTokens: new Map([
    ["[PAD]", 0],
    ["[MASK]", 1],
    ["</s>", 2],
  ]),
  tokenToId(token: string): number | undefined {
    const sentinel = /^<extra_id_([0-4])>$/.exec(token);
    return sentinel ? vocabularySize - 1 - Number(sentinel[1]) : this.specialTokens.get(token);
  },
  idToToken: (id: number) => (id % 2 === 0 ? `word${id}` : `##part${id}`),
};

/** Texts of different length, ids from 3 to 18. */
export function texts(count: number): number[][] {
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: 5 + ((i * 7) % 9) }, (_, k) => 3 + ((i + 2 * k) % 16)),
  );
}

/** Trains on twelve examples and evaluates on the first five. */
function ofExamples<Model extends PretrainedModel, E>(
  model: Model,
  objective: Objective<Model, readonly E[]>,
  examples: readonly E[],
): ObjectiveCase<Model, readonly E[]> {
  return {
    model,
    objective,
    data: exampleBatches(examples, { batchSize: 3, seed: 5 }),
    heldOut: exampleBatches(examples.slice(0, 5), { batchSize: 3, shuffle: false }),
  };
}

const windows = () => memoryBatches(countingBatches(4, { rows: 2, length: 12, vocabulary: 16 }));
const chats = () => texts(12).map((inputIds) => ({ inputIds, lossMask: inputIds.map((_, i) => Number(i > 3)) }));
const pairs = () => texts(12).map((inputIds) => ({ inputIds, labels: [...inputIds.slice(0, 3), 2] }));
const preferences = () =>
  texts(12).map((ids, i) => ({ promptIds: ids.slice(0, 3), chosenIds: ids.slice(3), rejectedIds: [4 + (i % 3), 5] }));

const cases = {
  "next tokens": () => ({ model: decoder(), objective: causalLanguageModel, data: windows(), heldOut: windows() }),
  "masked tokens of windows": () => ({
    model: new BertForMaskedLM({ ...sizes, ...dropout }),
    objective: maskedLanguageModel({ tokenizer: vocabulary }),
    data: windows(),
    heldOut: windows(),
  }),
  "masked words of texts": () =>
    ofExamples(
      new BertForMaskedLM({ ...sizes, ...dropout }),
      maskedLanguageModel({ tokenizer: vocabulary, wholeWords: true, maskShare: 0.3 }),
      texts(12).map((inputIds) => ({ inputIds })),
    ),
  "spans of windows": () => ({
    model: t5(),
    objective: spanCorruption({ tokenizer: vocabulary, noiseDensity: 0.3 }),
    data: windows(),
    heldOut: windows(),
  }),
  "sequences from sequences": () => ofExamples(t5(), sequenceToSequence(), pairs()),
  conversations: () => ofExamples(decoder(), instructionTuning(), chats()),
  "packed conversations": () =>
    ofExamples(
      new Llama({ ...sizes, family: "llama", hiddenWidth: 16, attentionDropout: 0.1 }),
      instructionTuning(),
      packExamples([...chats(), ...chats(), ...chats()], 32),
    ),
  "classes of texts": () =>
    ofExamples(
      new BertForSequenceClassification({ ...sizes, ...dropout, labels: ["a", "b", "c"] }),
      sequenceClassification(),
      texts(12).map((inputIds, i) => ({ inputIds, label: i % 3 })),
    ),
  "several classes of texts": () =>
    ofExamples(
      new BertForSequenceClassification({ ...sizes, ...dropout, labels: ["a", "b", "c"] }),
      multiLabelClassification(),
      texts(12).map((inputIds, i) => ({ inputIds, labels: [i % 2, Number(i % 3 === 0), 0.25] })),
    ),
  "values of texts": () =>
    ofExamples(
      new BertForSequenceClassification({ ...sizes, ...dropout, labels: ["value"] }),
      sequenceRegression(),
      texts(12).map((inputIds, i) => ({ inputIds, label: i / 12 })),
    ),
  "classes of tokens": () => {
    const labels = ["O", "B-X", "I-X"];
    return ofExamples(
      new BertForTokenClassification({ ...sizes, ...dropout, labels }),
      tokenClassification({ labels }),
      texts(12).map((inputIds) => ({ inputIds, labels: inputIds.map((id, i) => (i === 0 ? -100 : id % 3)) })),
    );
  },
  "answers in texts": () =>
    ofExamples(
      new BertForQuestionAnswering({ ...sizes, ...dropout }),
      extractiveQuestionAnswering(),
      texts(12).map((inputIds, i) => ({
        inputIds,
        question: { id: String(i), question: "?", context: "a b c d", answers: [{ text: "b", start: 2 }] },
        places: inputIds.map((_, i) => (i > 0 && i < 5 ? ([2 * i - 2, 2 * i - 1] as const) : undefined)),
        start: 2,
        end: 2,
      })),
    ),
  preferences: () => ofExamples(decoder(), preferenceOptimization({ reference: decoder(3) }), preferences()),
  "a teacher's next tokens": () => ({
    model: decoder(),
    objective: distillation({ teacher: decoder(9), objective: causalLanguageModel }),
    data: windows(),
    heldOut: windows(),
  }),
  "a mixture of tasks": () => {
    const stream = (shuffle: boolean) => exampleBatches(pairs(), { batchSize: 3, shuffle });
    return {
      model: t5(),
      objective: taskMixture({
        copy: sequenceToSequence(),
        spans: spanCorruption({ tokenizer: vocabulary, noiseDensity: 0.3 }),
      }),
      data: mixBatches({ copy: stream(true), spans: windows() }, { temperature: 2, seed: 4 }),
      heldOut: batchesInTurn({ copy: stream(false), spans: windows() }),
    };
  },
};

/** A use of a case whatever its types: `use` is called with the case of that name. */
export function withCase<R>(
  name: keyof typeof cases,
  use: <Model extends PretrainedModel, B>(given: ObjectiveCase<Model, B>) => R,
): R {
  return use(cases[name]() as ObjectiveCase<PretrainedModel, unknown>);
}

export const caseNames = Object.keys(cases) as (keyof typeof cases)[];
