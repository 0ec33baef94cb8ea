import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile, onnxExecutor, RandomKey, setDefaultExecutor, type Tensor, tensor, valueAndGrad } from "@llm/tensor";
import { openSafetensors, writeSafetensors } from "@llm/tensor/safetensors";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Fixture, largestDifference, loadFixture } from "../../test/fixture.ts";
import { loadModel, loadWeights, type ModelClass, namedParameters, saveModel } from "../checkpoint.ts";
import { ModelError } from "../errors.ts";
import type { PretrainedModel } from "../model.ts";
import { Bert, type EncoderForwardOptions } from "./bert.ts";
import type { BertOptions } from "./bertConfig.ts";
import {
  BertForMaskedLM,
  BertForQuestionAnswering,
  BertForSequenceClassification,
  BertForTokenClassification,
} from "./bertHeads.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
setDefaultExecutor(executor);
afterAll(() => executor.dispose());

const fixture = (name: string) => new URL(`../__fixtures__/bert-${name}/`, import.meta.url).pathname;
const expectedOf = (name: string) => loadFixture(`${fixture(name)}expected.safetensors`);
const inputsOf = (expected: Fixture) => ({
  attentionMask: expected.ids("attentionMask"),
  tokenTypeIds: expected.ids("tokenTypeIds"),
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-bert-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function expectGradients<M extends PretrainedModel>(
  model: M,
  expected: Fixture,
  lossOf: (model: M) => Tensor,
): Promise<void> {
  const [loss, gradients] = await compile((model: M) => valueAndGrad(lossOf)(model))(model);
  expect(Math.abs((await loss.item()) - expected.numbers("loss")[0]!)).toBeLessThan(1e-5);
  const named = namedParameters(gradients);
  expect(named.size).toBe(namedParameters(model).size);
  for (const [parameter, gradient] of named) {
    const reference = expected.numbers(`gradient.${parameter}`);
    expect(largestDifference((await gradient.data()) as Float32Array, reference), parameter).toBeLessThan(1e-4);
  }
}

interface ClassifierModel extends PretrainedModel {
  forward(inputIds: Tensor, options?: EncoderForwardOptions): Tensor;
}

describe.each<[string, ModelClass<ClassifierModel>]>([
  ["masked", BertForMaskedLM],
  ["sequence", BertForSequenceClassification],
  ["token", BertForTokenClassification],
])("the %s head against transformers", async (name, kind) => {
  const model = await loadModel(fixture(name), kind);
  const expected = await expectedOf(name);
  const inputs = inputsOf(expected);

  it("gives the same logits", async () => {
    const logits = await model.forward(expected.ids("inputIds"), inputs).data();
    expect(largestDifference(logits as Float32Array, expected.numbers("logits"))).toBeLessThan(1e-4);
  });

  it.each([false, true])("gives the same loss and gradients (recomputed: %s)", (recompute) =>
    expectGradients(model, expected, (model) =>
      model.forward(expected.ids("inputIds"), { ...inputs, recompute }).crossEntropy(expected.ids("labels")),
    ),
  );

  it("keeps config.json as transformers writes it", async () => {
    const json = JSON.parse(await readFile(`${fixture(name)}config.json`, "utf8"));
    for (const [key, value] of Object.entries(model.toConfigJson())) {
      if (key in json) expect(json[key], key).toEqual(value);
    }
  });
});

describe("question answering against transformers", async () => {
  const model = await loadModel(fixture("question"), BertForQuestionAnswering);
  const expected = await expectedOf("question");
  const run = (model: BertForQuestionAnswering) => model.forward(expected.ids("inputIds"), inputsOf(expected));

  it("gives the same logits", async () => {
    const { start, end } = run(model);
    const both = [...((await start.data()) as Float32Array), ...((await end.data()) as Float32Array)];
    expect(largestDifference(both, expected.numbers("logits"))).toBeLessThan(1e-4);
  });

  it("gives the same loss and gradients", () =>
    expectGradients(model, expected, (model) => {
      const [first, last] = expected.ids("labels").split([1, 1]);
      const { start, end } = run(model);
      return start
        .crossEntropy(first!.reshape([2]))
        .add(end.crossEntropy(last!.reshape([2])))
        .mul(0.5);
    }));
});

describe("sentence embeddings", async () => {
  const model = await loadModel(fixture("embedding"), Bert);
  const expected = await expectedOf("embedding");
  const ids = expected.ids("inputIds");

  it("are the mean over tokens, as transformers' hidden states give it", async () => {
    const hidden = await model.forward(ids, inputsOf(expected)).data();
    expect(largestDifference(hidden as Float32Array, expected.numbers("hidden"))).toBeLessThan(1e-4);
    const sentences = model.sentenceEmbeddings(ids, { ...inputsOf(expected), normalize: true });
    expect(largestDifference((await sentences.data()) as Float32Array, expected.numbers("logits"))).toBeLessThan(1e-4);
  });

  it("do not change with the length of the padding", async () => {
    const padded = model.sentenceEmbeddings(ids.slice(0, 1, 2), {
      attentionMask: expected.ids("attentionMask").slice(0, 1, 2),
    });
    const short = model.sentenceEmbeddings(ids.slice(0, 1, 2).slice(1, 0, 6));
    expect(largestDifference((await padded.data()) as Float32Array, (await short.data()) as Float32Array)).toBeLessThan(
      1e-5,
    );
  });
});

const small: BertOptions = { vocabularySize: 20, contextLength: 8, layers: 1, heads: 2, width: 8 };

async function contents(model: PretrainedModel): Promise<Map<string, unknown>> {
  const parameters = [...namedParameters(model)];
  return new Map(await Promise.all(parameters.map(async ([name, tensor]) => [name, await tensor.data()] as const)));
}

describe("checkpoints", () => {
  it.each<[string, ModelClass<PretrainedModel>, PretrainedModel]>([
    ["masked", BertForMaskedLM, new BertForMaskedLM(small)],
    ["sequence", BertForSequenceClassification, new BertForSequenceClassification({ ...small, labels: ["x"] })],
    ["token", BertForTokenClassification, new BertForTokenClassification({ ...small, labels: ["a", "b", "c"] })],
    ["question", BertForQuestionAnswering, new BertForQuestionAnswering(small)],
    ["encoder", Bert, new Bert(small)],
  ])("give back the same model: %s", async (_, kind, model) => {
    await saveModel(model, folder);
    expect(await readdir(folder)).toEqual(["config.json", "model.safetensors"]);
    const loaded = await loadModel(folder, kind);
    expect(loaded.toConfigJson()).toEqual(model.toConfigJson());
    expect(await contents(loaded)).toEqual(await contents(model));
  });

  it("say what the labels are where the model does", async () => {
    const labels = ["a", "b"];
    const saved = async (model: BertForSequenceClassification) => {
      await saveModel(model, folder);
      const { problem_type } = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
      return [problem_type, (await loadModel(folder, BertForSequenceClassification)).config.problemType];
    };
    const problemType = "multi_label_classification";
    expect(await saved(new BertForSequenceClassification({ ...small, labels, problemType }))).toEqual([
      problemType,
      problemType,
    ]);
    expect(await saved(new BertForSequenceClassification({ ...small, labels }))).toEqual([undefined, undefined]);
  });

  it("put a fresh head on a trained encoder only where that is asked for", async () => {
    const trained = new BertForMaskedLM(small, { seed: 3 });
    await saveModel(trained, folder);
    const fresh = new BertForTokenClassification({ ...small, labels: ["a", "b", "c"] }, { seed: 4 });
    await expect(loadWeights(fresh, folder)).rejects.toThrow("missing: classifier.weight");
    const model = await loadWeights(fresh, folder, { partial: true });
    const [before, own, after] = [await contents(trained), await contents(fresh), await contents(model)];
    for (const [name, values] of after) {
      expect(values, name).toEqual((name.startsWith("bert.") ? before : own).get(name));
    }
  });

  it("leave a head of other labels as it is where that is asked for", async () => {
    const trained = new BertForSequenceClassification({ ...small, labels: ["a", "b"] }, { seed: 3 });
    await saveModel(trained, folder);
    const fresh = new BertForSequenceClassification({ ...small, labels: ["a", "b", "c"] }, { seed: 4 });
    await expect(loadWeights(fresh, folder, { partial: true })).rejects.toThrow(
      "classifier.weight: expected float32[3,8]",
    );
    const model = await loadWeights(fresh, folder, { ignoreMismatchedSizes: true });
    const [before, own, after] = [await contents(trained), await contents(fresh), await contents(model)];
    for (const [name, values] of after) {
      expect(values, name).toEqual((name.startsWith("bert.") ? before : own).get(name));
    }
    const wide = new BertForSequenceClassification({ ...small, width: 16, labels: ["a", "b"] });
    await expect(loadWeights(wide, folder, { partial: true, ignoreMismatchedSizes: true })).rejects.toThrow(ModelError);
  });

  it("hold two labels for question answering, whose outputs transformers counts by them", async () => {
    await saveModel(new BertForQuestionAnswering({ ...small, labels: ["a", "b", "c"] }), folder);
    expect((await loadModel(folder, BertForQuestionAnswering)).config.labels).toHaveLength(2);
  });

  it("refuse a partial load of another size, and one of nothing", async () => {
    await saveModel(new BertForMaskedLM({ ...small, width: 16 }), folder);
    const partial = { partial: true };
    await expect(loadWeights(new Bert(small), folder, partial)).rejects.toThrow("expected float32[20,8], got");
    const other = { dtype: "float32", shape: [1], data: Float32Array.of(1) } as const;
    await writeSafetensors(join(folder, "model.safetensors"), [["other", other]]);
    await expect(loadWeights(new Bert(small), folder, partial)).rejects.toThrow("has none of the model's parameters");
  });

  it("read the first published BERT: gamma and beta, copies of tied parameters, the head of another task", async () => {
    const model = new BertForMaskedLM(small, { seed: 5 });
    await saveModel(model, folder);
    const path = join(folder, "model.safetensors");
    const arrays = await (async () => {
      await using file = await openSafetensors(path);
      return Promise.all(file.names.map(async (name) => [name, await file.read(name)] as const));
    })();
    const pooler = { dtype: "float32", shape: [8, 8], data: new Float32Array(64).fill(0.5) } as const;
    const bias = { dtype: "float32", shape: [8], data: new Float32Array(8) } as const;
    const others = [
      ["bert.pooler.dense.weight", pooler],
      ["bert.pooler.dense.bias", bias],
      ["cls.seq_relationship.bias", bias],
    ] as const;
    const copies = arrays
      .filter(([name]) => name.endsWith("word_embeddings.weight"))
      .map(([, array]) => ["cls.predictions.decoder.weight", array] as const);
    const older = arrays.map(
      ([name, array]) =>
        [
          name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"),
          array,
        ] as const,
    );
    await writeSafetensors(path, [...older, ...copies, ...others]);
    expect(await contents(await loadModel(folder, BertForMaskedLM))).toEqual(await contents(model));
    const encoder = await contents(await loadModel(folder, Bert));
    expect(encoder.get("pooler.dense.weight")).toEqual(pooler.data);
    await writeSafetensors(path, [...older, ...copies]);
    const without = await loadModel(folder, Bert);
    expect(without.pooler).toBeUndefined();
    for (const [name, values] of await contents(without)) expect(values).toEqual(encoder.get(name));
  });

  it("name a config.json of another architecture or with options that are not there", async () => {
    const json = new Bert(small).toConfigJson();
    const cases: [Record<string, unknown>, string][] = [
      [{ model_type: "roberta" }, 'model_type "roberta" is no BERT (@llm/model has GPT-2, the Llama family, BERT'],
      [{ is_decoder: true }, '"is_decoder": true is not supported for BERT'],
      [{ position_embedding_type: "relative_key" }, '"position_embedding_type": "relative_key" is not supported'],
      [{ id2label: { 1: "a" } }, '"id2label" must name each class from 0 on'],
      [{ hidden_size: null }, '"hidden_size" must be a number, got undefined'],
    ];
    for (const [change, text] of cases) {
      const read = () => Bert.fromConfigJson({ ...json, ...change });
      expect(read).toThrow(ModelError);
      expect(read).toThrow(text);
    }
  });
});

it("drops only with a key, and the same for the same key", async () => {
  const model = new BertForSequenceClassification({ ...small, hiddenDropout: 0.5 });
  const ids = tensor(Int32Array.of(1, 2, 3, 4), { shape: [1, 4] });
  const run = async (options: EncoderForwardOptions) => model.forward(ids, options).data();
  const key = (seed: number) => ({ key: RandomKey.from(seed, 0) });
  expect(await run({})).toEqual(await run({}));
  expect(await run(key(1))).toEqual(await run(key(1)));
  expect(await run(key(1))).not.toEqual(await run(key(2)));
  expect(await run(key(1))).not.toEqual(await run({}));
});

it("names what a configuration or an input gets wrong", () => {
  const cases: [Partial<BertOptions>, string][] = [
    [{ heads: 3 }, "BERT: width 8 does not divide into 3 heads"],
    [{ layers: 0 }, "BERT: layers must be a whole number above 0, got 0"],
    [{ hiddenDropout: 1 }, "BERT: hiddenDropout must be at least 0 and below 1, got 1"],
    [{ layerNormEpsilon: 0 }, "BERT: layerNormEpsilon must be a number above 0, got 0"],
    [{ activation: "tanh" as never }, 'BERT: activation "tanh" is not one of gelu, gelu_new, relu, silu'],
    [
      { problemType: "ranking" as never },
      'BERT: problemType "ranking" is not one of single_label_classification, multi',
    ],
    [{ labels: ["a", "a"] }, 'BERT: labels must be different names, at least one, got ["a","a"]'],
  ];
  for (const [change, text] of cases) expect(() => new Bert({ ...small, ...change })).toThrow(text);
  const long = tensor(new Int32Array(9), { shape: [1, 9] });
  expect(() => new Bert(small).forward(long)).toThrow("a sequence of 9 tokens is longer than the context of 8");
  const options = { attentionMask: long, tokenTypeIds: long.slice(1, 0, 8) };
  expect(() => new Bert(small).forward(long.slice(1, 0, 8), options)).toThrow(
    "BERT: attentionMask must have the shape of inputIds [1,8], got [1,9]",
  );
  const withoutPooler = new Bert(small, { pooler: false });
  expect(() => withoutPooler.pool(withoutPooler.forward(long.slice(1, 0, 8)))).toThrow("made without a pooler");
});
