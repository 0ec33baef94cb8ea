// How a quantised model says so in config.json, and how its layers are put in place before the weights are read.
import { placeholder } from "@llm/tensor";
import { ModelError } from "./errors.ts";
import { type FloatLinear, isFloatLinear } from "./layers/floatLinear.ts";
import { QuantizedLinear } from "./layers/quantizedLinear.ts";
import type { PretrainedModel } from "./model.ts";
import { findParts, replaceParts } from "./replaceParts.ts";

/** The name of the one scheme so far: int8 weights per output column, activations quantised to uint8 as they come. */
const method = "int8-dynamic";

/** The model with each `Linear` and `TransposedLinear` replaced; `replace` gets the layer's path and returns the layer to put there. */
export function replaceLinears<M extends PretrainedModel>(
  model: M,
  replace: (layer: FloatLinear, path: string) => unknown,
): M {
  return replaceParts(model, (part, path) => (isFloatLinear(part) ? replace(part, path) : undefined));
}

/** The part of config.json that describes the model's quantisation; nothing for a model in float. */
export function quantizationConfig(model: PretrainedModel): Record<string, unknown> {
  const quantized = findParts(model, (part) => part instanceof QuantizedLinear);
  return quantized.size > 0 ? { quantization_config: { quant_method: method } } : {};
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
  return replaceLinears(model, ({ size: [inputs, outputs], bias }, path) => {
    const empty = placeholder(`${path}.weight`, "int8", [inputs, outputs]);
    const scale = placeholder(`${path}.weight_scale`, "float32", [outputs]);
    return new QuantizedLinear(empty, scale, bias);
  });
}
