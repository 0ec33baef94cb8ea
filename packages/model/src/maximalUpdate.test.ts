import {
  compile,
  flattenTensors,
  mapTensors,
  onnxExecutor,
  setDefaultExecutor,
  sign,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { namedParameters } from "./checkpoint.ts";
import type { Initialization } from "./initialize.ts";
import { mupLearningRates } from "./maximalUpdate.ts";
import { BertForMaskedLM } from "./models/bertHeads.ts";
import { Gpt } from "./models/gpt.ts";
import { Llama } from "./models/llama.ts";
import { T5 } from "./models/t5.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
setDefaultExecutor(executor);
afterAll(() => executor.dispose());

const baseWidth = 32;
const shape = [4, 16];
const inputIds = tensor(
  Int32Array.from({ length: 64 }, (_, i) => (i * i * 7 + i) % 61),
  { shape },
);
const labels = tensor(
  Int32Array.from({ length: 64 }, (_, i) => (i * 11 + 3) % 61),
  { shape },
);

/** Heads of one size, so more of them in a wider model. */
const sizes = (width: number) => ({ vocabularySize: 64, contextLength: 16, layers: 2, heads: width / 16, width });

type Model = Gpt | Llama | BertForMaskedLM | T5;

const models: Record<string, (width: number, initialization: Initialization) => Model> = {
  GPT: (width, initialization) => new Gpt(sizes(width), { initialization }),
  "GPT with an output layer of its own": (width, initialization) =>
    new Gpt({ ...sizes(width), tiedEmbeddings: false }, { initialization }),
  Llama: (width, initialization) => new Llama({ ...sizes(width), hiddenWidth: 3 * width }, { initialization }),
  BERT: (width, initialization) => new BertForMaskedLM(sizes(width), { initialization }),
  "T5 1.1": (width, initialization) =>
    new T5({ ...sizes(width), headSize: 16, gated: true, tiedEmbeddings: false }, { initialization }),
};

function logitsOf(model: Model): Tensor {
  return model instanceof T5
    ? model.forward(inputIds, { decoderInputIds: model.shiftRight(labels) })
    : model.forward(inputIds);
}

/** How far a few steps move the logits: root mean square. Each step is Adam's first, a step in the direction of the sign. */
async function logitsMovedBy(model: Model, rateOf: (name: string) => number): Promise<number> {
  const step = compile((model: Model) => {
    const [, gradients] = valueAndGrad((model: Model) => logitsOf(model).crossEntropy(labels))(model);
    const byName = new Map(flattenTensors(gradients).map(({ path, tensor }) => [path, tensor]));
    return mapTensors(model, (parameter, path) => parameter.sub(sign(byName.get(path)!).mul(0.003 * rateOf(path))));
  });
  const forward = compile(logitsOf);
  const before = (await (await forward(model)).data()) as Float32Array;
  let trained = model;
  for (let i = 0; i < 4; i++) trained = await step(trained);
  const after = (await (await forward(trained)).data()) as Float32Array;
  return Math.sqrt(before.reduce((sum, value, i) => sum + (after[i]! - value) ** 2, 0) / before.length);
}

it.each(Object.entries(models))(
  "moves the logits of wide models as far as of narrow ones, unlike without: %s",
  async (_, make) => {
    const growth = async (initialization: Initialization) => {
      const moved = async (width: number) => {
        const model = make(width, initialization);
        return logitsMovedBy(model, initialization === "normal" ? () => 1 : mupLearningRates(model, { baseWidth }));
      };
      return (await moved(8 * baseWidth)) / (await moved(baseWidth));
    };
    const mup = await growth({ method: "mup", baseWidth });
    expect(mup).toBeGreaterThan(0.5);
    expect(mup).toBeLessThan(1.25);
    expect(await growth("normal")).toBeGreaterThan(3.5);
  },
);

describe("learning rates", () => {
  it("are base width / width for matrices and for the norm before the output layer", () => {
    const model = new Gpt({ ...sizes(128), tiedEmbeddings: false }, { initialization: "empty" });
    const rate = mupLearningRates(model, { baseWidth });
    const slow = [...namedParameters(model).keys()].filter((name) => rate(name) === 1 / 4);
    const fast = [...namedParameters(model).keys()].filter((name) => rate(name) === 1);
    const matrices = [0, 1].flatMap((i) =>
      ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"].map((name) => `transformer.h.${i}.${name}.weight`),
    );
    expect(slow).toEqual([...matrices, "transformer.ln_f.weight", "transformer.ln_f.bias"]);
    expect(fast).toHaveLength(namedParameters(model).size - slow.length);
    expect(fast).toContain("lm_head.weight");
  });

  it("name what does not fit", () => {
    const model = new Gpt(sizes(32), { initialization: "empty" });
    expect(() => mupLearningRates(model, { baseWidth: 0 })).toThrow("mup: baseWidth must be a number above 0, got 0");
    expect(() => mupLearningRates(model, { baseWidth })("wte")).toThrow('mup: the model has no parameter "wte"');
    const scaled = () => new T5({ ...sizes(32), headSize: 16 }, { initialization: { method: "mup", baseWidth } });
    expect(scaled).toThrow('T5: "mup" scales the outputs itself (set scaleDecoderOutputs: false)');
  });
});
