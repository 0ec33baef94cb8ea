// Reads values out of transformers' config.json, and says which one does not fit.
import { ModelError } from "../errors.ts";

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

/** Refuses options that an implementation does not have; `only` holds the one value that each may have. */
export function refuseOtherThan(json: ConfigJson, only: ConfigJson, architecture: string): void {
  for (const [name, expected] of Object.entries(only)) {
    const value = json[name] ?? expected;
    if (value !== expected)
      throw new ModelError(`config.json: "${name}": ${JSON.stringify(value)} is not supported for ${architecture}`);
  }
}
