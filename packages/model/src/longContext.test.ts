import {
  compile,
  hostRandomBits,
  onnxExecutor,
  RandomKey,
  setDefaultExecutor,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { namedParameters } from "./checkpoint.ts";
import type { CausalLanguageModel, ForwardOptions } from "./model.ts";
import { Gpt } from "./models/gpt.ts";
import { Llama } from "./models/llama.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
setDefaultExecutor(executor);
afterAll(() => executor.dispose());

const length = 400;
const size = { vocabularySize: 50, contextLength: 2048, layers: 2, heads: 4, width: 16, initializerRange: 0.2 };
const llama = { ...size, keyValueHeads: 2, hiddenWidth: 24 };

function ids(count: number) {
  return tensor(
    Int32Array.from(hostRandomBits(2, "ids", 2 * count), (bits) => bits % 50),
    { shape: [2, count] },
  );
}

/** Two texts in each sequence. */
const positionIds = tensor(
  Int32Array.from({ length: 2 * length }, (_, i) => (i % length < 140 ? i % length : (i % length) - 140)),
  { shape: [2, length] },
);

/** Logits, and the gradients of the loss. */
async function run(model: CausalLanguageModel, options: ForwardOptions, count = length): Promise<Float32Array[]> {
  using step = compile((model: CausalLanguageModel) => {
    const inputIds = ids(count);
    const [[, logits], gradients] = valueAndGrad((model: CausalLanguageModel) => {
      const logits = model.forward(inputIds, options);
      return [logits.slice(1, 0, -1).crossEntropy(inputIds.slice(1, 1)), logits] as const;
    })(model);
    return [logits, ...namedParameters(gradients).values()];
  });
  return Promise.all((await step(model)).map(async (result) => (await result.data()) as Float32Array));
}

/** Of any number, against the largest. */
function largestShare(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  const shares = a.map((values, k) => {
    const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[k]![i]!)), 0) / most;
  });
  return Math.max(...shares);
}

describe.each<[string, CausalLanguageModel]>([
  ["a GPT", new Gpt(size)],
  ["a Llama with shared keys", new Llama(llama)],
  ["a Mistral with a window of 40", new Llama({ ...llama, family: "mistral", slidingWindow: 40 })],
  [
    "a Qwen with a window from its second layer on",
    new Llama({ ...llama, family: "qwen3", slidingWindow: 200, slidingLayers: [1] }),
  ],
])("%s in blocks", (_, model) => {
  it.each<[string, ForwardOptions]>([
    ["one text", {}],
    ["several texts a sequence", { positionIds }],
    ["recomputed activations", { recompute: true }],
  ])("gives the logits and gradients of attention at once: %s", async (_, options) => {
    const plain = await run(model, { ...options, attentionBlockSize: Number.POSITIVE_INFINITY });
    const blocks = await run(model, options);
    expect(largestShare(plain, blocks)).toBeLessThan(2e-5);
    expect(largestShare(plain, await run(model, { ...options, attentionBlockSize: 77 }))).toBeLessThan(2e-5);
  });

  it("chooses blocks by the length", () => {
    const layersInBlocks = (count: number, options?: ForwardOptions) => {
      const forward = compile((model: CausalLanguageModel, inputIds: Tensor) => model.forward(inputIds, options));
      return forward.program(model, ids(count)).nodes.filter(({ op }) => op.name === "attendInBlocks").length;
    };
    expect(layersInBlocks(length)).toBe(2);
    expect(layersInBlocks(100)).toBe(0);
    expect(layersInBlocks(100, { attentionBlockSize: 50 })).toBe(2);
    expect(layersInBlocks(length, { attentionBlockSize: Number.POSITIVE_INFINITY })).toBe(0);
  });

  it("gives them where the weights are computed again in the backward", async () => {
    const count = 1100;
    const plain = await run(model, { attentionBlockSize: Number.POSITIVE_INFINITY }, count);
    expect(largestShare(plain, await run(model, {}, count))).toBeLessThan(2e-5);
  }, 30_000);
});

it("drops attention weights in blocks, the same in the recomputed forward", async () => {
  const model = new Gpt({ ...size, attentionDropout: 0.3 });
  const key = RandomKey.from(4);
  const kept = await run(model, { key });
  expect(largestShare(kept, await run(model, {}))).toBeGreaterThan(0.01);
  expect(largestShare(kept, await run(model, { key, recompute: true }))).toBeLessThan(1e-5);
});
