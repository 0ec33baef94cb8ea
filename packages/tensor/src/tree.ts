// Walks the tensors inside arrays, plain objects and class instances: a model's parameters are its fields, their names the paths.
import { TensorError } from "./errors.ts";
import { Tensor } from "./graph.ts";

/** A tensor of a tree of objects and arrays, under its path. */
export interface NamedTensor {
  /** Field names from the root joined by dots, for example `transformer.h.0.attn.c_attn.weight`. */
  readonly path: string;
  readonly tensor: Tensor;
}

/**
 * Every tensor of a tree in the order of its fields; a tensor that is shared (tied weights) comes once, under its first path.
 * Throws a `TensorError` for a Map or a Set that holds tensors: it is a value, whose tensors would not be found anew in the next call.
 */
export function flattenTensors(tree: unknown): NamedTensor[] {
  const found: NamedTensor[] = [];
  const seen = new Set<object>();
  const visit = (value: unknown, path: string) => {
    if (value instanceof Map || value instanceof Set) {
      const before = found.length;
      for (const child of value.values()) visit(child, path);
      if (found.length === before) return;
      throw new TensorError(
        `tree: the ${value.constructor.name} at "${path}" holds tensors (put them into an object or an array)`,
      );
    }
    if (!isContainer(value) || seen.has(value)) return;
    seen.add(value);
    if (value instanceof Tensor) found.push({ path, tensor: value });
    else for (const [key, child] of Object.entries(value)) visit(child, path === "" ? key : `${path}.${key}`);
  };
  visit(tree, "");
  return found;
}

/**
 * A copy of a tree with each tensor replaced; shared tensors stay shared, everything that holds no tensor stays the same object.
 * Throws a `TensorError` for an object that holds tensors and itself.
 */
export function mapTensors<T>(tree: T, replace: (tensor: Tensor, path: string) => Tensor): T {
  const done = new Map<object, unknown>();
  const open = new Map<object, string | undefined>();
  const visit = (value: unknown, path: string): unknown => {
    if (!isContainer(value)) return value;
    if (done.has(value)) return done.get(value);
    if (open.has(value)) {
      open.set(value, path);
      return value;
    }
    open.set(value, undefined);
    const result = value instanceof Tensor ? replace(value, path) : mapChildren(value, path, visit);
    const cycle = open.get(value);
    if (cycle !== undefined && result !== value) {
      throw new TensorError(`tree: "${cycle}" leads back to an object around it that holds tensors (remove the cycle)`);
    }
    open.delete(value);
    done.set(value, result);
    return result;
  };
  return visit(tree, "") as T;
}

function mapChildren(container: object, path: string, visit: (value: unknown, path: string) => unknown): object {
  const entries = Object.entries(container);
  const children = entries.map(([key, child]) => visit(child, path === "" ? key : `${path}.${key}`));
  if (children.every((child, i) => child === entries[i]![1])) return container;
  if (Array.isArray(container)) return children;
  const copy = Object.create(Object.getPrototypeOf(container));
  for (const [i, [key]] of entries.entries()) copy[key] = children[i];
  return copy;
}

/** Everything about a tree except its tensors' elements, as text: two trees with equal descriptions record the same program. */
export function describeTree(tree: unknown, describeTensor: (tensor: Tensor, index: number) => string): string {
  const seen = new Map<object, number>();
  const visit = (value: unknown): string => {
    if (typeof value === "number" || typeof value === "bigint") return `${typeof value} ${value}`;
    if (typeof value === "function" || typeof value === "symbol") return `${typeof value} ${identity(value)}`;
    if (value instanceof Map || value instanceof Set) return `${value.constructor.name}(${visit([...value])})`;
    if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value})`;
    if (!isContainer(value)) return value instanceof RegExp ? String(value) : (JSON.stringify(value) ?? "undefined");
    const before = seen.get(value);
    if (before !== undefined) return `#${before}`;
    seen.set(value, seen.size);
    if (value instanceof Tensor) return describeTensor(value, seen.size - 1);
    const children = Object.entries(value).map(([key, child]) => `${key}:${visit(child)}`);
    return `${value.constructor?.name ?? ""}{${children.join(",")}}`;
  };
  return visit(tree);
}

const identities = new WeakMap<object, number>();
let identitiesGiven = 0;

/** Two functions of one name may do different things: only the same function has the same text. */
function identity(value: object | symbol): string {
  if (typeof value === "symbol") return String(value);
  const id = identities.get(value) ?? identitiesGiven++;
  identities.set(value, id);
  return String(id);
}

/** Typed arrays, maps and the like are values, not containers of tensors. */
export function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return !(value instanceof Map || value instanceof Set || value instanceof Date || value instanceof RegExp);
}
