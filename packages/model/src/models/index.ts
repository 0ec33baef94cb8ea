// One line per architecture: its `model_type` in config.json, and how to build it empty from that file.
import type { CausalLanguageModel } from "../model.ts";
import type { ConfigJson } from "./configJson.ts";
import { Gpt } from "./gpt.ts";
import { Llama } from "./llama.ts";

/** Builds a model whose parameters have no elements yet from config.json, by `model_type`. */
export const architectures: Readonly<Record<string, (json: ConfigJson) => CausalLanguageModel>> = {
  gpt2: Gpt.fromConfigJson,
  llama: Llama.fromConfigJson,
  mistral: Llama.fromConfigJson,
  qwen2: Llama.fromConfigJson,
  qwen3: Llama.fromConfigJson,
};
