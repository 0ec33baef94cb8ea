// Reads fields of parsed JSON with errors that say where and what.
import { FormatError } from "./errors.ts";

export type JsonObject = { readonly [key: string]: unknown };

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : JSON.stringify(value);
}

function refuse(where: string, expected: string, value: unknown): never {
  throw new FormatError(`${where}: expected ${expected}, got ${describe(value)}`);
}

export function asObject(value: unknown, where: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(where, "an object", value);
  return value as JsonObject;
}

export function asArray(value: unknown, where: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(where, "an array", value);
}

export function asString(value: unknown, where: string): string {
  return typeof value === "string" ? value : refuse(where, "a string", value);
}

/** A token id: an integer from 0 to 2^31 - 1. */
export function asId(value: unknown, where: string): number {
  const isId = typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 31;
  return isId ? value : refuse(where, "a token id (a whole number from 0)", value);
}

/** A flag that may be left out. */
export function asFlag(value: unknown, where: string, whenMissing: boolean): boolean {
  if (value === undefined || value === null) return whenMissing;
  return typeof value === "boolean" ? value : refuse(where, "true or false", value);
}

/** The `type` of a component, which must be one of the supported ones. */
export function unsupported(where: string, kind: string, supported: readonly string[]): never {
  throw new FormatError(`${where}: "${kind}" is not supported (supported: ${supported.join(", ")})`);
}
