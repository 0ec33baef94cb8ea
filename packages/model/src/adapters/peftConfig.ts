// adapter_config.json as PEFT writes and reads it.
import { ModelError } from "../errors.ts";
import { isFloatLinear } from "../layers/floatLinear.ts";
import { Linear } from "../layers/linear.ts";
import type { PretrainedModel } from "../model.ts";
import { findParts } from "../replaceParts.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import { AdapterLayer } from "./adapterLayer.ts";
import type { Ia3Linear } from "./ia3Linear.ts";
import type { LoraLayer } from "./lora.ts";
import { TrainedLayer } from "./trainedLayer.ts";

export interface PeftNames {
  /** Where the base model is: a folder or a name on the Hugging Face hub. PEFT's `AutoPeftModel` loads it from there. */
  readonly baseModel?: string | undefined;
  /** PEFT's name for the use, for example `"CAUSAL_LM"` or `"SEQ_CLS"`: `AutoPeftModel` chooses a class by it. */
  readonly taskType?: string | undefined;
}

/** What PEFT needs to rebuild the model's adapter. */
export function peftConfigOf(
  model: PretrainedModel,
  config: AdapterConfig,
  { baseModel, taskType }: PeftNames,
): Record<string, unknown> {
  const layers = findParts(model, (part) => part instanceof AdapterLayer);
  const trained = findParts(model, (part) => part instanceof TrainedLayer);
  const bases = [...layers.values()].map((layer) => layer.base_layer).filter(isFloatLinear);
  const shared = {
    base_model_name_or_path: baseModel ?? null,
    task_type: taskType ?? null,
    inference_mode: true,
    modules_to_save: trained.size > 0 ? [...trained.keys()] : null,
    target_modules: [...layers.keys()],
    // True for GPT-2, whose layers PEFT knows as Conv1D.
    fan_in_fan_out: bases.length > 0 && bases.every((base) => base instanceof Linear),
  };
  if (config.kind === "ia3") {
    const scaled = [...layers].filter(([, layer]) => (layer as Ia3Linear).scalesInputs);
    return { peft_type: "IA3", ...shared, feedforward_modules: scaled.map(([path]) => path), init_ia3_weights: true };
  }
  const loras = [...layers] as [string, LoraLayer][];
  const differing = (of: (layer: LoraLayer) => number, usual: number) =>
    Object.fromEntries(loras.flatMap(([path, layer]) => (of(layer) === usual ? [] : [[path, of(layer)]])));
  return {
    peft_type: "LORA",
    ...shared,
    r: config.rank,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    use_rslora: config.useRsLora,
    use_dora: config.useDora,
    rank_pattern: differing((layer) => layer.rank, config.rank),
    alpha_pattern: differing((layer) => layer.settings.alpha, config.alpha),
    bias: "none",
    init_lora_weights: true,
  };
}

/** An adapter's configuration, and for LoRA the alpha of a layer by its path. */
export interface PeftAdapter {
  readonly config: AdapterConfig;
  alphaOf(path: string): number;
  readonly modulesToSave: readonly string[];
}

/** Options that change what an adapter computes in ways that this package does not have. */
const refused = [
  "alora_invocation_tokens",
  "arrow_config",
  "layer_replication",
  "lora_bias",
  "target_parameters",
  "trainable_token_indices",
  "use_bdlora",
  "use_qalora",
  "velora_config",
];

/** Ways to draw fresh factors; those that PEFT has beside them take the factors out of the base's weights. */
const keepsBase = ["gaussian", "eva", "mica", "orthogonal"];

/** Reads adapter_config.json; `where` names the file in errors. */
export function readPeftConfig(where: string, json: Record<string, unknown>): PeftAdapter {
  const type = json.peft_type;
  if (type !== "LORA" && type !== "IA3") {
    throw new ModelError(`${where}: peft_type must be "LORA" or "IA3", got ${JSON.stringify(type)}`);
  }
  const modulesToSave = (json.modules_to_save ?? []) as string[];
  if (type === "IA3") return { config: { kind: "ia3" }, alphaOf: () => 1, modulesToSave };
  for (const name of refused) {
    const value = json[name];
    const isSet = typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value);
    if (isSet) throw new ModelError(`${where}: ${name} ${JSON.stringify(value)} is not supported`);
  }
  const start = json.init_lora_weights ?? true;
  if (typeof start === "string" && !keepsBase.includes(start)) {
    throw new ModelError(
      `${where}: init_lora_weights "${start}" changes the base's weights, which are not in the adapter (save it with PEFT's path_initial_model_for_weight_conversion)`,
    );
  }
  if ((json.bias ?? "none") !== "none") {
    throw new ModelError(`${where}: bias ${JSON.stringify(json.bias)} is not supported (only "none")`);
  }
  const numberOf = (name: string, fallback?: number): number => {
    const value = json[name] ?? fallback;
    if (typeof value === "number") return value;
    throw new ModelError(`${where}: ${name} must be a number, got ${JSON.stringify(value)}`);
  };
  const alpha = numberOf("lora_alpha");
  const patterns = Object.entries((json.alpha_pattern ?? {}) as Record<string, number>);
  return {
    config: {
      kind: "lora",
      rank: numberOf("r"),
      alpha,
      dropout: numberOf("lora_dropout", 0),
      useRsLora: json.use_rslora === true,
      useDora: json.use_dora === true,
    },
    // A pattern is the end of a path, or an expression for it.
    alphaOf: (path) => patterns.find(([pattern]) => new RegExp(`^(?:.*\\.)?(?:${pattern})$`).test(path))?.[1] ?? alpha,
    modulesToSave,
  };
}
