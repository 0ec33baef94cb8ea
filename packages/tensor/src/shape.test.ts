import { expect, it } from "vitest";
import { broadcastShapes, normalizeAxes, normalizeAxis, requireValidShape, strides } from "./shape.ts";

it("broadcasts from the last axis on, with named sizes", () => {
  expect(broadcastShapes("op", [2, 1, 3], [4, 1])).toEqual([2, 4, 3]);
  expect(broadcastShapes("op", [], ["n"])).toEqual(["n"]);
  expect(broadcastShapes("op", ["n", 1], [1, "m"])).toEqual(["n", "m"]);
  expect(broadcastShapes("op", [0, 3], [1, 3])).toEqual([0, 3]);
  expect(() => broadcastShapes("op", [2, 3], [2])).toThrow("op: shapes do not broadcast: [2,3] and [2] (3 != 2)");
  expect(() => broadcastShapes("op", ["n"], ["m"])).toThrow("(n != m)");
  expect(() => broadcastShapes("op", ["n"], [3])).toThrow("(n != 3)");
});

it("counts negative axes from the end", () => {
  expect(normalizeAxis("op", -1, 3)).toBe(2);
  expect(normalizeAxes("op", [-1, 0], 3)).toEqual([0, 2]);
  expect(() => normalizeAxis("op", 3, 3)).toThrow("op: axis 3 is outside a tensor of 3 axes (use -3 to 2)");
  expect(() => normalizeAxis("op", 0.5, 3)).toThrow("axis 0.5");
  expect(() => normalizeAxes("op", [0, -3], 3)).toThrow("op: an axis is named twice: [0,-3]");
});

it("refuses sizes that are none", () => {
  requireValidShape("op", [0, 3, "batch", "2*a+1"]);
  expect(() => requireValidShape("op", [2, -1])).toThrow("op: size -1 in shape [2,-1] is not a whole number >= 0");
  expect(() => requireValidShape("op", [1.5])).toThrow("size 1.5");
  expect(() => requireValidShape("op", ["b+a"])).toThrow('op: write the size "b+a" as "a+b"');
  expect(() => requireValidShape("op", ["a b"])).toThrow("neither a whole number nor a name");
});

it("has row-major strides", () => {
  expect(strides([2, 3, 4])).toEqual([12, 4, 1]);
  expect(strides([])).toEqual([]);
});
