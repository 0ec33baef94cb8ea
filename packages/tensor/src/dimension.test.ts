import { describe, expect, it } from "vitest";
import {
  addDimensions,
  canonicalDimension,
  type Dimension,
  dimensionTerms,
  divideDimensions,
  evaluateDimension,
  multiplyDimensions,
  productOfDimensions,
  subtractDimensions,
} from "./dimension.ts";

const samples: Dimension[] = [0, 1, 3, -2, "a", "b", "a+b", "2*a-1", "a*b", "a*a+3"];
const sizes = new Map([
  ["a", 5],
  ["b", 7],
]);
const sizeOf = (dimension: Dimension) => evaluateDimension(dimension, sizes);

describe("arithmetic", () => {
  it.each(samples)("%s with every other", (a) => {
    for (const b of samples) {
      expect(sizeOf(addDimensions(a, b))).toBe(sizeOf(a) + sizeOf(b));
      expect(sizeOf(subtractDimensions(a, b))).toBe(sizeOf(a) - sizeOf(b));
      expect(sizeOf(multiplyDimensions(a, b))).toBe(sizeOf(a) * sizeOf(b));
      // Equal values by algebra are equal as text.
      expect(addDimensions(a, b)).toBe(addDimensions(b, a));
      expect(multiplyDimensions(a, b)).toBe(multiplyDimensions(b, a));
      expect(subtractDimensions(addDimensions(a, b), b)).toBe(a);
    }
  });

  it("divides where the division is exact", () => {
    expect(divideDimensions("6*a*b", "2*b")).toBe("3*a");
    expect(divideDimensions("a*b+2*b", "b")).toBe("a+2");
    expect(divideDimensions("a", "a")).toBe(1);
    expect(divideDimensions(12, 4)).toBe(3);
    expect(divideDimensions(12, 5)).toBeUndefined();
    expect(divideDimensions("a", "b")).toBeUndefined();
    expect(divideDimensions("a", "a+1")).toBeUndefined();
    expect(divideDimensions(3, 0)).toBeUndefined();
    expect(divideDimensions("3*a", 2)).toBeUndefined();
  });

  it("multiplies any number of them", () => {
    expect(productOfDimensions([])).toBe(1);
    expect(productOfDimensions(["b", 2, "a", 3])).toBe("6*a*b");
  });
});

describe("text", () => {
  it("has one form, with the constant last", () => {
    expect(canonicalDimension("1 + b+a")).toBe("a+b+1");
    expect(canonicalDimension("b*a*2")).toBe("2*a*b");
    expect(canonicalDimension("a-a")).toBe(0);
    expect(canonicalDimension("0-a")).toBe("-a");
    expect(dimensionTerms("2*a-1")).toEqual([
      { coefficient: 2, names: ["a"] },
      { coefficient: -1, names: [] },
    ]);
  });

  it("is refused where it is none", () => {
    expect(() => canonicalDimension("a b")).toThrow('dimension "a b": "a b" is neither a whole number nor a name');
    expect(() => canonicalDimension("a/2")).toThrow("is neither a whole number nor a name");
  });

  it("needs a size for every name", () => {
    expect(() => evaluateDimension("a+c", sizes)).toThrow('dimension "a+c": no input of the program binds "c"');
  });
});
