import {
  BertForSequenceClassification,
  Gpt,
  Llama,
  mupLearningRates,
  namedParameters,
  type PretrainedModel,
  T5,
} from "@llm/model";
import { describe, expect, it } from "vitest";
import { TrainError } from "./errors.ts";
import { layerWiseLearningRates } from "./layerWiseLearningRates.ts";
import { learningRatesByName } from "./learningRatesByName.ts";
import { lion } from "./optimizers/lion.ts";

const size = { vocabularySize: 12, layers: 2, heads: 2, width: 8 };
const gpt = () => new Gpt({ ...size, contextLength: 4 });
const models: Record<string, [PretrainedModel, Record<string, number>]> = {
  Gpt: [
    gpt(),
    {
      "transformer.wte.weight": 0.125,
      "transformer.wpe.weight": 0.125,
      "transformer.h.0.attn.c_attn.weight": 0.25,
      "transformer.h.1.mlp.c_proj.bias": 0.5,
      "transformer.ln_f.weight": 1,
    },
  ],
  Llama: [
    new Llama({ ...size, contextLength: 4, hiddenWidth: 16, tiedEmbeddings: false }),
    {
      "model.embed_tokens.weight": 0.125,
      "model.layers.0.self_attn.q_proj.weight": 0.25,
      "model.layers.1.input_layernorm.weight": 0.5,
      "model.norm.weight": 1,
      "lm_head.weight": 1,
    },
  ],
  Bert: [
    new BertForSequenceClassification({ ...size, contextLength: 4, labels: ["bad", "good"] }),
    {
      "bert.embeddings.LayerNorm.bias": 0.125,
      "bert.encoder.layer.0.output.dense.weight": 0.25,
      "bert.encoder.layer.1.attention.self.key.weight": 0.5,
      "bert.pooler.dense.weight": 1,
      "classifier.bias": 1,
    },
  ],
  T5: [
    new T5(size),
    {
      "shared.weight": 0.125,
      "encoder.block.0.layer.1.DenseReluDense.wo.weight": 0.25,
      "decoder.block.0.layer.2.layer_norm.weight": 0.25,
      "decoder.block.1.layer.1.EncDecAttention.q.weight": 0.5,
      "encoder.final_layer_norm.weight": 1,
      "decoder.final_layer_norm.weight": 1,
    },
  ],
};

it.each(Object.keys(models))("give %s a rate by the depth of the layer", (name) => {
  const [model, expected] = models[name]!;
  const rate = layerWiseLearningRates(model, { decay: 0.5 });
  for (const [parameter, factor] of Object.entries(expected)) {
    expect(namedParameters(model).has(parameter), parameter).toBe(true);
    expect(rate(parameter), parameter).toBe(factor);
  }
});

it("name the decay that is none, and a model without numbered blocks", () => {
  expect(() => layerWiseLearningRates(gpt(), { decay: 0 })).toThrow(
    new TrainError("layerWiseLearningRates: decay must be above 0 and at most 1, got 0"),
  );
  expect(() => layerWiseLearningRates({ toConfigJson: () => ({}) }, { decay: 0.5 })).toThrow(
    "layerWiseLearningRates: no parameter of the model has the number of a block in its name",
  );
});

describe("learningRatesByName", () => {
  it("multiplies the schedule's rate, one group for each factor", () => {
    const model = gpt();
    const optimizer = learningRatesByName(model, {
      optimizer: lion(),
      rate: layerWiseLearningRates(model, { decay: 0.5 }),
    });
    const rates = Object.entries(optimizer.scalars(0, 8)).filter(([name]) => name.endsWith("learningRate"));
    expect(rates.map(([, rate]) => rate)).toEqual([1, 2, 4, 8]);
  });

  it("takes the rates of muP", () => {
    const model = gpt();
    const optimizer = learningRatesByName(model, {
      optimizer: lion(),
      rate: mupLearningRates(model, { baseWidth: 2 }),
    });
    const settings = optimizer.settings(Object.fromEntries(namedParameters(model)));
    const groups = settings.groups as { learningRateScale: number; parameters: string }[];
    expect(groups.map(({ learningRateScale, parameters }) => [learningRateScale, parameters.split(" ")[0]])).toEqual([
      [1, "18"],
      [0.25, "10"],
    ]);
  });
});
