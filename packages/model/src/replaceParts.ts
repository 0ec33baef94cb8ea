// A model with some of its objects replaced: how layers are quantised and adapted without naming models.

/**
 * A copy of `tree` in which `replace` has put something else in the place of some of its objects. It gets each object with its path,
 * outermost first, and returns what goes there, or undefined to look inside. What holds nothing that was replaced stays the same object.
 */
export function replaceParts<T>(tree: T, replace: (part: object, path: string) => unknown): T {
  const visit = (value: unknown, path: string): unknown => {
    // A tensor, known by its dtype, is a value here: nothing inside of it is a part of the model.
    if (typeof value !== "object" || value === null || "dtype" in value) return value;
    const replacement = replace(value, path);
    if (replacement !== undefined) return replacement;
    const entries = Object.entries(value).map(
      ([key, child]) => [key, visit(child, path === "" ? key : `${path}.${key}`)] as const,
    );
    if (entries.every(([key, child]) => child === (value as Record<string, unknown>)[key])) return value;
    if (Array.isArray(value)) return entries.map(([, child]) => child);
    return Object.assign(Object.create(Object.getPrototypeOf(value)), Object.fromEntries(entries));
  };
  return visit(tree, "") as T;
}

/** The objects of a tree that are of one of the given kinds, with their paths; nothing inside of them is looked at. */
export function findParts<P extends object>(
  tree: unknown,
  isWanted: (part: object) => part is P,
): ReadonlyMap<string, P> {
  const found = new Map<string, P>();
  replaceParts(tree, (part, path) => {
    if (!isWanted(part)) return undefined;
    found.set(path, part);
    return part;
  });
  return found;
}
