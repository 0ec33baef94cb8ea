import { describe, expect, it } from "vitest";
import { ModelError } from "../errors.ts";
import { llamaConfig, llamaConfigToJson } from "./llamaConfig.ts";
import { llamaConfigFromJson } from "./llamaConfigFromJson.ts";
import { llamaPresets } from "./llamaPresets.ts";

/** As the first published Llama 3.2 1B says it, before transformers 5. */
const llama32 = {
  architectures: ["LlamaForCausalLM"],
  attention_bias: false,
  attention_dropout: 0.0,
  bos_token_id: 128_000,
  eos_token_id: [128_001, 128_008, 128_009],
  head_dim: 64,
  hidden_act: "silu",
  hidden_size: 2048,
  initializer_range: 0.02,
  intermediate_size: 8192,
  max_position_embeddings: 131_072,
  mlp_bias: false,
  model_type: "llama",
  num_attention_heads: 32,
  num_hidden_layers: 16,
  num_key_value_heads: 8,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_scaling: {
    factor: 32.0,
    high_freq_factor: 4.0,
    low_freq_factor: 1.0,
    original_max_position_embeddings: 8192,
    rope_type: "llama3",
  },
  rope_theta: 500_000.0,
  tie_word_embeddings: true,
  vocab_size: 128_256,
};

it("reads the form of before transformers 5, and equals the preset", () => {
  expect(llamaConfigFromJson(llama32)).toEqual({
    ...llamaConfig(llamaPresets["llama-3.2-1b"]),
    beginOfTextId: 128_000,
    endOfTextId: [128_001, 128_008, 128_009],
  });
});

it.each(Object.entries(llamaPresets))("reads what it writes for %s", (_, preset) => {
  const config = llamaConfig(preset);
  expect(llamaConfigFromJson(llamaConfigToJson(config))).toEqual({ slidingWindow: undefined, ...config });
});

it("holds the longer context of dynamic scaling, and writes the original one", () => {
  const config = llamaConfigFromJson({ ...llama32, rope_scaling: { type: "dynamic", factor: 2 } });
  expect(config.contextLength).toBe(262_144);
  expect(config.ropeScaling).toEqual({ type: "dynamic", factor: 2, originalContextLength: 131_072 });
  expect(llamaConfigToJson(config)).toMatchObject({
    max_position_embeddings: 131_072,
    rope_scaling: { rope_type: "dynamic", factor: 2 },
  });
});

it("holds the longer context of YaRN where config.json has the original one, as Qwen 2.5 is told to be stretched", () => {
  const rope_scaling = { type: "yarn", factor: 4, original_max_position_embeddings: 32_768 };
  const config = llamaConfigFromJson({ ...llama32, max_position_embeddings: 32_768, rope_scaling });
  expect(config.contextLength).toBe(131_072);
  expect(config.ropeScaling).toEqual({ type: "yarn", factor: 4, originalContextLength: 32_768 });
  expect(llamaConfigFromJson(llamaConfigToJson(config))).toEqual(config);
});

it("works out YaRN's attention factor from DeepSeek's two weights, and keeps what else is said", () => {
  const rope_scaling = { type: "yarn", factor: 40, mscale: 1, mscale_all_dim: 0.8, beta_fast: 16, truncate: false };
  const { ropeScaling } = llamaConfigFromJson({ ...llama32, original_max_position_embeddings: 4096, rope_scaling });
  expect(ropeScaling).toEqual({
    type: "yarn",
    factor: 40,
    originalContextLength: 4096,
    attentionFactor: (0.1 * Math.log(40) + 1) / (0.08 * Math.log(40) + 1),
    betaFast: 16,
    truncate: false,
  });
  const json = llamaConfigToJson(llamaConfig({ ...llamaPresets["llama-3.2-1b"], ropeScaling: ropeScaling! }));
  expect(json.rope_scaling).toMatchObject({ beta_fast: 16, truncate: false, original_max_position_embeddings: 4096 });
});

it("reads LongRoPE's factor off the two context lengths", () => {
  const rope_scaling = { type: "longrope", short_factor: Array(32).fill(1), long_factor: Array(32).fill(2) };
  const config = llamaConfigFromJson({ ...llama32, original_max_position_embeddings: 4096, rope_scaling });
  expect(config.ropeScaling).toMatchObject({ type: "longrope", factor: 32, originalContextLength: 4096 });
  expect(llamaConfigFromJson(llamaConfigToJson(config))).toEqual(config);
});

it("ignores the sliding window of a Qwen that does not use it", () => {
  const json = { ...llama32, model_type: "qwen2", sliding_window: 4096, use_sliding_window: false };
  expect(llamaConfigFromJson(json).slidingWindow).toBeUndefined();
});

it.each([
  ["as listed", ["sliding_attention", "full_attention", "sliding_attention"], [0, 2]],
  ["from max_window_layers on", undefined, [1, 2]],
  ["in all of them", Array(3).fill("sliding_attention"), undefined],
])("reads in which layers the window slides: %s", (_, layer_types, slidingLayers) => {
  const window = { use_sliding_window: true, sliding_window: 4096, max_window_layers: 1 };
  const json = { ...llama32, model_type: "qwen3", num_hidden_layers: 3, ...window, layer_types };
  const config = llamaConfigFromJson(json);
  expect(config.slidingLayers).toEqual(slidingLayers);
  expect(llamaConfigFromJson(llamaConfigToJson(config))).toEqual(config);
});

it("knows activations by their other names", () => {
  expect(llamaConfigFromJson({ ...llama32, hidden_act: "gelu_pytorch_tanh" }).activation).toBe("gelu_new");
});

describe("an option that this implementation does not have is named", () => {
  it.each([
    [{ rope_scaling: { rope_type: "axial" } }, 'rope_type "axial" is not one of default, linear, dynamic'],
    [{ rope_scaling: { rope_type: "longrope", factor: 4 } }, '"short_factor" must be a list of numbers, got undefined'],
    [{ rope_scaling: { rope_type: "linear" } }, '"factor" must be a number, got undefined'],
    [{ rope_parameters: { partial_rotary_factor: 0.5 } }, '"partial_rotary_factor": 0.5 is not supported'],
    [{ rope_scaling: "yarn" }, 'the RoPE parameters must be an object, got "yarn"'],
    [{ hidden_size: "2048" }, '"hidden_size" must be a number, got "2048"'],
    [{ hidden_act: "tanh" }, 'activation "tanh" is not one of'],
    [
      { model_type: "qwen3", num_hidden_layers: 2, layer_types: ["full_attention", "sliding_attention"] },
      '"layer_types" has sliding layers, but no sliding window is used',
    ],
    [
      { model_type: "qwen3", num_hidden_layers: 2, layer_types: ["full_attention", "chunked_attention"] },
      '"layer_types" must name "full_attention" or "sliding_attention" for each of 2 layers, got',
    ],
  ])("%j", (change, text) => {
    const read = () => llamaConfigFromJson({ ...llama32, ...change });
    expect(read).toThrow(ModelError);
    expect(read).toThrow(text);
  });
});
