import { describe, expect, it } from "vitest";
import { describeType, type Tensor } from "./graph.ts";
import { tensor } from "./ops/create.ts";
import { describeTree, flattenTensors, mapTensors } from "./tree.ts";

class Linear {
  readonly weight: Tensor;
  readonly scale = 2;

  constructor(weight: Tensor) {
    this.weight = weight;
  }

  size(): number {
    return this.scale;
  }
}

const describeOf = (tree: unknown) => describeTree(tree, describeType);

describe("flattenTensors", () => {
  it("names tensors by their path, a shared one once", () => {
    const [a, b] = [tensor([1]), tensor([2])];
    const tree = { layers: [new Linear(a), new Linear(b)], tied: a, note: "x", count: 3, nothing: null };
    expect(flattenTensors(tree).map(({ path }) => path)).toEqual(["layers.0.weight", "layers.1.weight"]);
    expect(flattenTensors(a)).toEqual([{ path: "", tensor: a }]);
  });
});

describe("mapTensors", () => {
  it("keeps classes, sharing, and what holds no tensor", () => {
    const [a, b] = [tensor([1]), tensor([2])];
    const options = { rate: 0.5 };
    const tree = { layer: new Linear(a), tied: a, options };
    const mapped = mapTensors(tree, () => b);
    expect(mapped.layer).toBeInstanceOf(Linear);
    expect(mapped.layer.size()).toBe(2);
    expect(mapped.layer.weight).toBe(b);
    expect(mapped.tied).toBe(b);
    expect(mapped.options).toBe(options);
    expect(tree.layer.weight).toBe(a);
    expect(mapTensors(options, () => b)).toBe(options);
  });

  it("refuses a cycle that holds tensors, and leaves one without alone", () => {
    const parent: { weight?: Tensor; child: { parent?: unknown } } = { child: {} };
    parent.child.parent = parent;
    expect(mapTensors(parent, (x) => x)).toBe(parent);
    parent.weight = tensor([1]);
    expect(() => mapTensors(parent, () => tensor([2]))).toThrow(
      'tree: "child.parent" leads back to an object around it that holds tensors (remove the cycle)',
    );
    expect(flattenTensors(parent).map(({ path }) => path)).toEqual(["weight"]);
  });
});

describe("describeTree", () => {
  it("is equal for equal structures, whatever the elements are", () => {
    expect(describeOf([new Linear(tensor([1])), 3])).toBe(describeOf([new Linear(tensor([2])), 3]));
  });

  it.each([
    ["shapes", [tensor([1])], [tensor([1, 2])]],
    ["dtypes", [tensor([1])], [tensor([1], { dtype: "int32" })]],
    ["numbers", [1], [2]],
    ["numbers and text", [1], ["1"]],
    ["bigints", [1n], [1]],
    ["keys", [{ a: 1 }], [{ b: 1 }]],
    ["maps", [new Map([["a", 1]])], [new Map([["a", 2]])]],
    ["sets", [new Set([1])], [new Set([2])]],
    ["typed arrays", [new Uint8Array([1])], [new Uint8Array([2])]],
    ["functions of one name", [[() => 1][0]], [[() => 2][0]]],
    ["patterns", [/a/], [/b/]],
    ["arrays and objects", [[1]], [{ 0: 1 }]],
    ["nothing", [undefined], [null]],
  ])("differs for other %s", (_, a, b) => {
    expect(describeOf(a)).not.toBe(describeOf(b));
  });

  it("tells a shared tensor from two alike", () => {
    const [a, b] = [tensor([1]), tensor([1])];
    expect(describeOf([a, a])).not.toBe(describeOf([a, b]));
  });

  it("tells one function from itself by nothing", () => {
    const activate = () => 1;
    expect(describeOf([activate])).toBe(describeOf([activate]));
  });
});
