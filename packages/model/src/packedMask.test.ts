import { compile, referenceExecutor, setDefaultExecutor, type Tensor, tensor } from "@llm/tensor";
import { describe, expect, it } from "vitest";
import type { CausalLanguageModel } from "./model.ts";
import { Gpt } from "./models/gpt.ts";
import { Llama } from "./models/llama.ts";

setDefaultExecutor(referenceExecutor());

const sizes = { vocabularySize: 23, contextLength: 16, layers: 2, heads: 2, width: 16, initializerRange: 0.3 };
const llama = { ...sizes, family: "llama", hiddenWidth: 24, keyValueHeads: 1 } as const;
const models: Record<string, CausalLanguageModel> = {
  GPT: new Gpt(sizes),
  Llama: new Llama(llama),
  "Llama with dynamic RoPE": new Llama({
    ...llama,
    ropeScaling: { type: "dynamic", factor: 2, originalContextLength: 16 },
  }),
  "Mistral, whose window is shorter than a text": new Llama({ ...llama, family: "mistral", slidingWindow: 3 }),
};

const int32 = (rows: readonly (readonly number[])[]) =>
  tensor(Int32Array.from(rows.flat()), { shape: [rows.length, rows[0]!.length] });

async function logitsOf(model: CausalLanguageModel, ids: Tensor, positionIds?: Tensor): Promise<Float32Array> {
  const forward = compile((ids: Tensor, positionIds: Tensor | undefined) => model.forward(ids, { positionIds }));
  return (await (await forward(ids, positionIds)).data()) as Float32Array;
}

describe.each(Object.entries(models))("%s", (_, model) => {
  const texts = [
    [5, 1, 7, 2, 9],
    [3, 3, 8],
    [11, 4, 6, 0],
  ];

  it("gives texts that share a sequence the logits that each has alone", async () => {
    const rows = [texts, texts.toReversed()];
    const packed = await logitsOf(
      model,
      int32(rows.map((row) => row.flat())),
      int32(rows.map((row) => row.flatMap((text) => text.map((_, i) => i)))),
    );
    const alone = await Promise.all(rows.flat().map((text) => logitsOf(model, int32([text]))));
    const expected = alone.flatMap((logits) => [...logits]);
    expect(packed).toHaveLength(expected.length);
    const largest = Math.max(...expected.map((value, i) => Math.abs(value - packed[i]!)));
    expect(largest).toBeLessThan(1e-5);
  });

  it("gives other logits where one text reads on into the next", async () => {
    const ids = int32([texts.flat()]);
    const separate = await logitsOf(model, ids, int32([texts.flatMap((text) => text.map((_, i) => i))]));
    const joined = await logitsOf(model, ids);
    const secondText = 5 * sizes.vocabularySize;
    expect(Math.abs(joined[secondText]! - separate[secondText]!)).toBeGreaterThan(1e-3);
  });
});
