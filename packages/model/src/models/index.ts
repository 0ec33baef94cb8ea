// One line per architecture: its `model_type` in config.json, and how to build it empty from that file.
import type { CausalLanguageModel } from "../model.ts";
import { Gpt, gptConfigFromJson } from "./gpt.ts";

/** Builds a model whose parameters have no elements yet from config.json, by `model_type`. */
export const architectures: Readonly<Record<string, (json: Record<string, unknown>) => CausalLanguageModel>> = {
  gpt2: (json) => new Gpt(gptConfigFromJson(json), { initialization: "empty" }),
};
