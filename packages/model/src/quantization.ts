// How a quantised model says so in config.json, and how its layers are put in place before the weights are read.
import { placeholder } from "@llm/tensor";
import { ModelError } from "./errors.ts";
import { Linear } from "./layers/linear.ts";
import { QuantizedLinear } from "./layers/quantizedLinear.ts";
import type { PretrainedModel } from "./model.ts";

/** The name of the one scheme so far: int8 weights per output column, activations quantised to uint8 as they come. */
const method = "int8-dynamic";

/** The model with each `Linear` layer replaced; `replace` gets the layer's path and returns the layer to put there. */
export function replaceLinears<M extends PretrainedModel>(
  model: M,
  replace: (layer: Linear, path: string) => unknown,
): M {
  const visit = (value: unknown, path: string): unknown => {
    if (typeof value !== "object" || value === null || "dtype" in value) return value;
    if (value instanceof Linear) return replace(value, path);
    const entries = Object.entries(value).map(
      ([key, child]) => [key, visit(child, path === "" ? key : `${path}.${key}`)] as const,
    );
    if (entries.every(([key, child]) => child === (value as Record<string, unknown>)[key])) return value;
    if (Array.isArray(value)) return entries.map(([, child]) => child);
    return Object.assign(Object.create(Object.getPrototypeOf(value)), Object.fromEntries(entries));
  };
  return visit(model, "") as M;
}

function containsQuantized(value: unknown): boolean {
  if (typeof value !== "object" || value === null || "dtype" in value) return false;
  return value instanceof QuantizedLinear || Object.values(value).some(containsQuantized);
}

/** The part of config.json that describes the model's quantisation; nothing for a model in float. */
export function quantizationConfig(model: PretrainedModel): Record<string, unknown> {
  return containsQuantized(model) ? { quantization_config: { quant_method: method } } : {};
}

/** The model with quantised layers, still without elements, where config.json asks for them. */
export function prepareQuantized<M extends PretrainedModel>(model: M, json: Record<string, unknown>): M {
  const config = json.quantization_config as { quant_method?: string } | undefined;
  if (!config) return model;
  if (config.quant_method !== method) {
    throw new ModelError(
      `config.json: quant_method ${JSON.stringify(config.quant_method)} is not supported (only "${method}")`,
    );
  }
  return replaceLinears(model, ({ weight, bias }, path) => {
    const empty = placeholder(`${path}.weight`, "int8", weight.shape);
    const scale = placeholder(`${path}.weight_scale`, "float32", [weight.shape[1]!]);
    return new QuantizedLinear(empty, scale, bias);
  });
}
