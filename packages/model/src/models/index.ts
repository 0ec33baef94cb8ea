// One line per architecture: its `model_type` in config.json, and how to build it empty from that file.
import type { CausalLanguageModel } from "../model.ts";
import type { ConfigJson } from "./configJson.ts";
import { Gpt, gptConfigFromJson } from "./gpt.ts";
import { Llama } from "./llama.ts";
import { llamaConfigFromJson } from "./llamaConfigFromJson.ts";

const emptyLlama = (json: ConfigJson) => new Llama(llamaConfigFromJson(json), { initialization: "empty" });

/** Builds a model whose parameters have no elements yet from config.json, by `model_type`. */
export const architectures: Readonly<Record<string, (json: ConfigJson) => CausalLanguageModel>> = {
  gpt2: (json) => new Gpt(gptConfigFromJson(json), { initialization: "empty" }),
  llama: emptyLlama,
  mistral: emptyLlama,
  qwen2: emptyLlama,
  qwen3: emptyLlama,
};
