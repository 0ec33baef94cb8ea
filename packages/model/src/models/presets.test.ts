import { expect, it } from "vitest";
import { parameterCount } from "../checkpoint.ts";
import { Bert } from "./bert.ts";
import { Gpt } from "./gpt.ts";
import { Llama } from "./llama.ts";
import { type LlamaPreset, llamaPresets } from "./llamaPresets.ts";
import { type BertPreset, bertPresets, type GptPreset, gptPresets, type T5Preset, t5Presets } from "./presets.ts";
import { T5 } from "./t5.ts";

const empty = { initialization: "empty" } as const;

/** With GPT-2's vocabulary. Published: gpt2…; the others worked out. */
const gpts: Record<GptPreset, number> = {
  "gpt-1m": 8_258_544,
  "gpt-3m": 11_453_760,
  "gpt-10m": 30_044_544,
  gpt2: 124_439_808,
  "gpt2-medium": 354_823_168,
  "gpt2-large": 774_030_080,
  "gpt2-xl": 1_557_611_200,
  "gpt-2.7b": 2_651_553_280,
  "gpt-6.7b": 6_658_404_352,
  "gpt-13b": 12_853_386_240,
  "gpt-30b": 29_974_418_432,
  "gpt-66b": 65_719_544_832,
};

/** Published, counted from the tensors of the files, but for llama-1m and llama-5m. */
const llamas: Record<LlamaPreset, number> = {
  "llama-1m": 1_328_256,
  "llama-5m": 5_724_928,
  "stories-15m": 15_191_712,
  "stories-42m": 41_689_600,
  "stories-110m": 109_529_856,
  "smollm2-135m": 134_515_008,
  "smollm2-360m": 361_821_120,
  "smollm2-1.7b": 1_711_376_384,
  "tinyllama-1.1b": 1_100_048_384,
  "llama-2-7b": 6_738_415_616,
  "llama-2-13b": 13_015_864_320,
  "llama-2-70b": 68_976_648_192,
  "llama-3.2-1b": 1_235_814_400,
  "llama-3.2-3b": 3_212_749_824,
  "llama-3.1-8b": 8_030_261_248,
  "llama-3.1-70b": 70_553_706_496,
  "qwen2.5-0.5b": 494_032_768,
  "qwen2.5-1.5b": 1_543_714_304,
  "qwen2.5-3b": 3_085_938_688,
  "qwen2.5-7b": 7_615_616_512,
  "qwen2.5-14b": 14_770_033_664,
  "qwen2.5-32b": 32_763_876_352,
  "qwen2.5-72b": 72_706_203_648,
  "qwen3-0.6b": 596_049_920,
  "qwen3-1.7b": 1_720_574_976,
  "qwen3-4b": 4_022_468_096,
  "qwen3-8b": 8_190_735_360,
  "qwen3-14b": 14_768_307_200,
  "qwen3-32b": 32_762_123_264,
  "mistral-7b-v0.1": 7_241_732_096,
  "mistral-7b-v0.3": 7_248_023_552,
};

/** With the pooler. Published, but for bert-1m and those above a billion. */
const berts: Record<BertPreset, number> = {
  "bert-1m": 1_367_168,
  "bert-tiny": 4_385_920,
  "bert-mini": 11_170_560,
  "bert-small": 28_763_648,
  "bert-medium": 41_373_184,
  "minilm-l6": 22_713_216,
  "bert-base": 109_482_240,
  "bert-large": 335_141_888,
  "bert-1.3b": 1_276_360_704,
  "bert-3.9b": 3_862_484_480,
};

/** Published, but for t5-1m and t5-5m. */
const t5s: Record<T5Preset, number> = {
  "t5-1m": 1_509_760,
  "t5-5m": 6_033_920,
  "t5-efficient-tiny": 15_570_688,
  "t5-efficient-mini": 31_220_480,
  "t5-small": 60_506_624,
  "t5-base": 222_903_552,
  "t5-large": 737_668_096,
  "t5-3b": 2_851_598_336,
  "t5-11b": 11_307_321_344,
  "t5-1.1-small": 76_961_152,
  "t5-1.1-base": 247_577_856,
  "t5-1.1-large": 783_150_080,
  "t5-1.1-xl": 2_849_757_184,
  "t5-1.1-xxl": 11_135_332_352,
};

it.each(Object.entries(gpts))("%s has %d parameters, of which none is allocated", (name, count) => {
  const model = new Gpt({ ...gptPresets[name as GptPreset], vocabularySize: 50_257 }, empty);
  expect(parameterCount(model)).toBe(count);
});

it.each(Object.entries(llamas))("%s has %d parameters", (name, count) => {
  expect(parameterCount(new Llama(llamaPresets[name as LlamaPreset], empty))).toBe(count);
});

it.each(Object.entries(berts))("%s has %d parameters", (name, count) => {
  expect(parameterCount(new Bert(bertPresets[name as BertPreset], empty))).toBe(count);
});

it.each(Object.entries(t5s))("%s has %d parameters", (name, count) => {
  expect(parameterCount(new T5(t5Presets[name as T5Preset], empty))).toBe(count);
});
