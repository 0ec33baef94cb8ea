import { expect, it } from "vitest";
import { parameterCount } from "../checkpoint.ts";
import { Bert } from "./bert.ts";
import { Gpt } from "./gpt.ts";
import { Llama } from "./llama.ts";
import { type BertPreset, bertPresets, gptPresets, type LlamaPreset, llamaPresets } from "./presets.ts";

/** Counted from the tensors of the published files. */
const published: Record<LlamaPreset, number> = {
  "smollm2-135m": 134_515_008,
  "smollm2-360m": 361_821_120,
  "smollm2-1.7b": 1_711_376_384,
  "llama-3.2-1b": 1_235_814_400,
  "llama-3.2-3b": 3_212_749_824,
  "llama-3.1-8b": 8_030_261_248,
  "llama-3.1-70b": 70_553_706_496,
  "qwen2.5-0.5b": 494_032_768,
  "qwen2.5-1.5b": 1_543_714_304,
  "qwen2.5-7b": 7_615_616_512,
  "qwen3-0.6b": 596_049_920,
  "qwen3-8b": 8_190_735_360,
  "mistral-7b-v0.1": 7_241_732_096,
  "mistral-7b-v0.3": 7_248_023_552,
};

it.each(Object.entries(published))("%s has %d parameters, of which none is allocated", (name, count) => {
  const model = new Llama(llamaPresets[name as LlamaPreset], { initialization: "empty" });
  expect(parameterCount(model)).toBe(count);
});

it("gpt2 and gpt2-xl have as many parameters as published", () => {
  const count = (name: "gpt2" | "gpt2-xl") =>
    parameterCount(new Gpt({ ...gptPresets[name], vocabularySize: 50_257 }, { initialization: "empty" }));
  expect(count("gpt2")).toBe(124_439_808);
  expect(count("gpt2-xl")).toBe(1_557_611_200);
});

it("BERT encoders have as many parameters as published, with their poolers", () => {
  const published: Record<BertPreset, number> = {
    "bert-tiny": 4_385_920,
    "bert-small": 28_763_648,
    "minilm-l6": 22_713_216,
    "bert-base": 109_482_240,
    "bert-large": 335_141_888,
  };
  for (const [name, count] of Object.entries(published)) {
    const model = new Bert(bertPresets[name as BertPreset], { initialization: "empty" });
    expect(parameterCount(model), name).toBe(count);
  }
});
