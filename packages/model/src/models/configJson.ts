// Reads values out of transformers' config.json, and says which one does not fit.
import { ModelError } from "../errors.ts";
import type { Activation } from "../layers/activations.ts";

export type ConfigJson = Record<string, unknown>;

/** A number; `fallback` where the file has none. */
export function numberIn(json: ConfigJson, name: string, fallback?: number): number {
  const value = json[name] ?? fallback;
  if (typeof value !== "number") {
    throw new ModelError(`config.json: "${name}" must be a number, got ${JSON.stringify(value)}`);
  }
  return value;
}

/** A token id, or undefined where the tokenizer has none. */
export function idIn(json: ConfigJson, name: string): number | undefined {
  return typeof json[name] === "number" ? json[name] : undefined;
}

/** Other names in transformers for the same functions. */
const sameActivations: Readonly<Record<string, Activation>> = {
  gelu_pytorch_tanh: "gelu_new",
  gelu_fast: "gelu_new",
  gelu_python: "gelu",
  swish: "silu",
};

/** An activation function under our name for it; whether there is one of that name, the configuration checks. */
export function activationIn(json: ConfigJson, name: string, fallback: Activation): Activation {
  const value = String(json[name] ?? fallback);
  return Object.hasOwn(sameActivations, value) ? sameActivations[value]! : (value as Activation);
}

/** Refuses a model of another architecture. */
export function requireModelType(json: ConfigJson, types: readonly string[], architecture: string): void {
  if (types.includes(String(json.model_type))) return;
  throw new ModelError(
    `config.json: model_type ${JSON.stringify(json.model_type)} is no ${architecture} (@llm/model has GPT-2, the Llama family, BERT and T5)`,
  );
}

/** Refuses options that an implementation does not have; `only` holds the one value that each may have. */
export function refuseOtherThan(json: ConfigJson, only: ConfigJson, architecture: string): void {
  for (const [name, expected] of Object.entries(only)) {
    const value = json[name] ?? expected;
    if (value !== expected)
      throw new ModelError(
        `config.json: "${name}": ${JSON.stringify(value)} is not supported for ${architecture} (only ${JSON.stringify(expected)})`,
      );
  }
}
