// Trees of arguments and results as JSON: where the tensors are, and every other value.
import { FormatError, TensorError } from "./errors.ts";
import { Tensor } from "./graph.ts";
import { type Json, valueFromJson, valueToJson } from "./programJson.ts";
import { isContainer } from "./tree.ts";

export interface Leaves {
  /** By path; a tensor that is shared is there under each of its paths. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** By path; values that are undefined are left out. */
  readonly values: { readonly [path: string]: Json };
}

/** A result: lists and objects with outputs of the program, by number, and values. */
export type ResultJson =
  | { readonly output: number }
  | { readonly value: Json }
  | { readonly list: readonly ResultJson[] }
  | { readonly object: { readonly [key: string]: ResultJson } };

/** `where` begins the message of the `TensorError` for a value that JSON has no form for. */
export function leavesOf(tree: unknown, where: string): Leaves {
  const tensors = new Map<string, Tensor>();
  const values: { [path: string]: Json } = {};
  const visit = (value: unknown, path: string, around: ReadonlySet<unknown>) => {
    if (value instanceof Tensor) tensors.set(path, value);
    else if (isContainer(value)) {
      const inside = entered(value, path, around, where);
      for (const [key, child] of Object.entries(value)) visit(child, path === "" ? key : `${path}.${key}`, inside);
    } else if (value !== undefined) values[path] = plain(value, path, where);
  };
  visit(tree, "", new Set());
  return { tensors, values };
}

/** `outputs` says which output each tensor of the result is. */
export function resultToJson(result: unknown, outputs: ReadonlyMap<Tensor, number>, where: string): ResultJson {
  const visit = (value: unknown, path: string, around: ReadonlySet<unknown>): ResultJson => {
    if (value instanceof Tensor) return { output: outputs.get(value)! };
    if (!isContainer(value)) return { value: plain(value, path, where) };
    const inside = entered(value, path, around, where);
    const children = Object.entries(value).flatMap(([key, child]): [string, ResultJson][] =>
      child === undefined ? [] : [[key, visit(child, path === "" ? key : `${path}.${key}`, inside)]],
    );
    return Array.isArray(value)
      ? { list: children.map(([, child]) => child) }
      : { object: Object.fromEntries(children) };
  };
  return result === undefined ? { list: [] } : visit(result, "", new Set());
}

export function resultFromJson(json: ResultJson, outputs: readonly Tensor[], where: string): unknown {
  const visit = (node: ResultJson): unknown => {
    if (typeof node === "object" && node !== null) {
      if ("output" in node && outputs[node.output]) return outputs[node.output];
      if ("value" in node) return node.value === null ? null : valueFromJson(node.value);
      if ("list" in node && Array.isArray(node.list)) return node.list.map(visit);
      if ("object" in node && typeof node.object === "object" && node.object !== null) {
        return Object.fromEntries(Object.entries(node.object).map(([key, child]) => [key, visit(child)]));
      }
    }
    throw new FormatError(`${where}: "result" has ${JSON.stringify(node)?.slice(0, 80)}, which is no part of a result`);
  };
  return visit(json);
}

function plain(value: unknown, path: string, where: string): Json {
  if (value === null) return null;
  if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") return valueToJson(value);
  const kind = typeof value === "object" ? value.constructor.name : typeof value;
  throw new TensorError(
    `${where} at "${path}" has a ${kind}, which a file cannot hold (only tensors, numbers, text, booleans)`,
  );
}

function entered(value: object, path: string, around: ReadonlySet<unknown>, where: string): ReadonlySet<unknown> {
  if (around.has(value)) throw new TensorError(`${where} at "${path}" leads back to an object around it`);
  return new Set(around).add(value);
}
