import { afterAll, describe, expect, it } from "vitest";
import { compile } from "./compile.ts";
import type { Executor } from "./executors/executor.ts";
import { onnxExecutor } from "./executors/onnx.ts";
import { referenceExecutor } from "./executors/reference.ts";
import "./fluent.ts";
import { Tensor } from "./graph.ts";
import { tensor } from "./ops/create.ts";
import { gather, updateSlice } from "./ops/gather.ts";
import { printProgram } from "./print.ts";

const executors: Executor[] = [referenceExecutor(), onnxExecutor({ thread: "main", threads: 1 })];
afterAll(() => Promise.all(executors.map((executor) => executor.dispose())));
const [reference] = executors as [Executor];

const listed = async (x: Tensor) => Array.from(await x.data(), Number);
const vector = (...values: number[]) => tensor(values);

describe.each(executors)("compile on $name", (executor) => {
  const options = { executor, check: true };

  it("takes and returns trees", async () => {
    class Layer {
      readonly weight = vector(1, 2);
      readonly name = "layer";
    }
    const step = compile((layer: Layer, x: Tensor) => ({ layer, y: [x.mul(layer.weight)], label: "ok" }), options);
    const result = await step(new Layer(), vector(3, 4));
    expect(result.label).toBe("ok");
    expect(result.layer).toBeInstanceOf(Layer);
    expect(result.layer.name).toBe("layer");
    expect(await listed(result.y[0]!)).toEqual([3, 8]);
  });

  it("gives back an argument that is a result", async () => {
    const step = compile((x: Tensor, y: Tensor) => ({ x, twice: x, sum: x.add(y), y }), options);
    const [x, y] = [vector(1, 2), vector(10, 20)];
    const result = await step(x, y);
    expect(result.x).toBe(result.twice);
    expect(await listed(result.x)).toEqual([1, 2]);
    expect(await listed(result.y)).toEqual([10, 20]);
    expect(await listed(result.sum)).toEqual([11, 22]);
    result.x.dispose();
    expect(await listed(x)).toEqual([1, 2]);
  });

  it("gives back a donated argument that is a result", async () => {
    const step = compile((x: Tensor, y: Tensor) => ({ x, sum: x.add(y) }), { ...options, donate: [0] });
    let state = vector(1, 2);
    for (let i = 0; i < 3; i++) state = (await step(state, vector(1, 1))).x;
    expect(await listed(state)).toEqual([1, 2]);
    const large = tensor(new Float32Array(200_000).fill(3));
    const again = await step(large, vector(1));
    expect((await again.x.data())[199_999]).toBe(3);
  });

  it("makes constants of arguments that stay the same, and compiles anew for others", async () => {
    const step = compile((layer: { weight: Tensor }, x: Tensor) => x.mul(layer.weight), { ...options, constants: [0] });
    const layer = { weight: vector(2, 3) };
    expect(await listed(await step(layer, vector(1, 1)))).toEqual([2, 3]);
    expect(await listed(await step(layer, vector(4, 5)))).toEqual([8, 15]);
    expect(step.signatures).toBe(1);
    expect(await listed(await step({ weight: vector(10, 20) }, vector(4, 5)))).toEqual([40, 100]);
    expect(step.signatures).toBe(2);
    expect(await listed(layer.weight)).toEqual([2, 3]);
  });

  it("gives equal results that are recorded twice a life of their own", async () => {
    const large = tensor(new Float32Array(5000).fill(2));
    const step = compile((x: Tensor) => [x.add(1), x.add(1)], options);
    const [first, second] = await step(large);
    expect((await first!.data())[4999]).toBe(3);
    first!.dispose();
    expect((await second!.data())[4999]).toBe(3);
    const update = compile((x: Tensor) => [x.mul(2).add(1), x.mul(2).add(1)], { ...options, donate: [0] });
    const [a, b] = await update(tensor(new Float32Array(5000).fill(2)));
    const [c] = await update(a!);
    expect((await b!.data())[4999]).toBe(5);
    expect((await c!.data())[4999]).toBe(11);
  });

  it("returns literals and stored tensors", async () => {
    const stored = vector(5);
    const step = compile((x: Tensor) => [stored, tensor([6]), x], options);
    const result = await step(vector(7));
    expect(await Promise.all(result.map(listed))).toEqual([[5], [6], [7]]);
  });

  it("reads captured tensors anew at each call", async () => {
    const captured = vector(2);
    const step = compile((x: Tensor) => x.mul(captured), options);
    expect(await listed(await step(vector(3)))).toEqual([6]);
    captured.dispose();
    await expect(step(vector(3))).rejects.toThrow("tensor float32[1] was disposed");
  });

  it("computes lazy arguments first, once", async () => {
    const lazy = vector(1, 2).add(1);
    const step = compile((x: Tensor, y: Tensor) => x.mul(y), options);
    expect(await listed(await step(lazy, lazy))).toEqual([4, 9]);
    expect(lazy.storage).toBeDefined();
  });

  it("serves many sizes with one program where they are named", async () => {
    const step = compile((batch: { x: Tensor }) => batch.x.mul(2).sum(-1), {
      ...options,
      dynamic: { "0.x": ["batch", "width"] },
    });
    for (const [rows, columns] of [
      [2, 3],
      [1, 5],
      [0, 2],
    ] as const) {
      const result = await step({ x: tensor(new Float32Array(rows * columns).fill(1), { shape: [rows, columns] }) });
      expect(result.shape).toEqual([rows]);
      expect(await listed(result)).toEqual(Array(rows).fill(2 * columns));
    }
    expect(step.signatures).toBe(1);
  });

  it.each(["float16", "bfloat16"] as const)("takes and returns %s", async (dtype) => {
    const step = compile((x: Tensor, state: Tensor, at: Tensor) => [x.mul(2), updateSlice(state, x, at, 0), x], {
      ...options,
      donate: [1],
    });
    let state = tensor([0, 0, 0, 0], { dtype });
    for (const start of [0, 2]) {
      const x = tensor([1.5, start], { dtype });
      const [double, next, same] = await step(x, state, tensor(start, { dtype: "int32" }));
      expect([double!.dtype, next!.dtype, same!.dtype]).toEqual([dtype, dtype, dtype]);
      expect(await listed(double!.cast("float32"))).toEqual([3, 2 * start]);
      expect(await same!.data()).toEqual(await x.data());
      state = next!;
    }
    expect(await listed(state.cast("float32"))).toEqual([1.5, 0, 1.5, 2]);
  });

  it("updates donated state and returns nothing else", async () => {
    const step = compile((state: Tensor, by: Tensor) => state.add(by).mul(2), { ...options, donate: [0] });
    expect(await listed(await step(await step(vector(1, 2), tensor(1)), tensor(1)))).toEqual([10, 14]);
  });

  it("leaves donated tensors alive when the run fails", async () => {
    const step = compile((state: Tensor, ids: Tensor) => state.add(gather(state, ids)), { ...options, donate: [0] });
    const state = tensor(new Float32Array(100_000).fill(1), { shape: [100_000, 1] });
    await expect(step(state, tensor([100_000], { dtype: "int32" }))).rejects.toThrow("gather");
    const next = await step(state, tensor([1], { dtype: "int32" }));
    expect((await next.data())[7]).toBe(2);
    await expect(state.data()).rejects.toThrow("was donated");
  });

  it("writes nothing when one of several updates does not fit", async () => {
    const step = compile(
      (a: Tensor, b: Tensor, at: Tensor) => [
        updateSlice(a, tensor([9]), tensor(0, { dtype: "int32" }), 0),
        updateSlice(b, tensor([9]), at, 0),
      ],
      {
        ...options,
        donate: [0, 1],
      },
    );
    const [a, b] = [vector(1, 2), vector(3, 4)];
    await expect(step(a, b, tensor(2, { dtype: "int32" }))).rejects.toThrow(
      "updateSlice: 1 rows at 2 do not fit into axis 0 of size 2",
    );
    expect(await listed(a)).toEqual([1, 2]);
    expect(await listed(b)).toEqual([3, 4]);
  });
});

describe("the cache", () => {
  it("records once for each signature", async () => {
    let recordings = 0;
    const step = compile(
      (x: Tensor, factor: number) => {
        recordings++;
        return x.mul(factor);
      },
      { executor: reference },
    );
    for (const [x, factor] of [
      [vector(1), 2],
      [vector(5), 2],
      [vector(1), 3],
      [vector(1, 2), 2],
      [vector(7), 3],
    ] as const) {
      expect((await listed(await step(x, factor)))[0]).toBe(Number((await x.data())[0]) * factor);
    }
    expect(recordings).toBe(3);
    expect(step.signatures).toBe(3);
    expect(step.times!.record).toBeGreaterThanOrEqual(0);
  });

  it("forgets the signature unused for longest", async () => {
    const recorded: number[] = [];
    const step = compile(
      (x: Tensor, n: number) => {
        recorded.push(n);
        return x.add(n);
      },
      { executor: reference, maximumSignatures: 2 },
    );
    for (const n of [1, 2, 1, 3, 1, 2]) await step(vector(0), n);
    expect(recorded).toEqual([1, 2, 3, 2]);
    expect(step.signatures).toBe(2);
  });

  it("frees a program only after the calls under way", async () => {
    const step = compile((x: Tensor, n: number) => x.add(n), { executor: executors[1]!, maximumSignatures: 1 });
    const results = await Promise.all([1, 2, 3, 4].map((n) => step(vector(0), n)));
    expect(await Promise.all(results.map(listed))).toEqual([[1], [2], [3], [4]]);
    const pending = step(vector(1), 9);
    step.dispose();
    expect(await listed(await pending)).toEqual([10]);
    expect(step.signatures).toBe(0);
    expect(await listed(await step(vector(1), 9))).toEqual([10]);
  });

  it("is freed at the end of a block", async () => {
    let outside: { signatures: number };
    {
      using step = compile((x: Tensor) => x.neg(), { executor: reference });
      await step(vector(1));
      outside = step;
    }
    expect(outside.signatures).toBe(0);
  });

  it("does not keep a failed compilation", async () => {
    const step = compile((x: Tensor) => x.matmul(x), { executor: reference });
    await expect(step(tensor([[1, 2, 3]]))).rejects.toThrow("matmul");
    expect(step.signatures).toBe(0);
  });
});

describe("donation", () => {
  const updates = (donate: readonly number[]) =>
    compile((state: Tensor, row: Tensor, at: Tensor) => updateSlice(state, row, at, 0), {
      executor: executors[1]!,
      donate,
    });
  const row = () => tensor([[9, 9]]);

  it("ends the life of a tensor, and says so", async () => {
    const step = updates([0]);
    const state = tensor([
      [1, 2],
      [3, 4],
    ]);
    const next = await step(state, row(), tensor(1, { dtype: "int32" }));
    expect(await listed(next)).toEqual([1, 2, 9, 9]);
    const text =
      "tensor float32[2,2] was donated to a compiled function and its memory is reused (use the function's result instead)";
    await expect(state.data()).rejects.toThrow(text);
    await expect(step(state, row(), tensor(0, { dtype: "int32" }))).rejects.toThrow(text);
  });

  it("does not write into the caller's array", async () => {
    const values = new Float32Array(4);
    await updates([0])(tensor(values, { shape: [2, 2] }), row(), tensor(1, { dtype: "int32" }));
    expect(values).toEqual(new Float32Array(4));
  });

  it("does not touch what was not donated", async () => {
    const state = tensor(new Float32Array(200_000), { shape: [100_000, 2] });
    const next = await updates([])(state, row(), tensor(1, { dtype: "int32" }));
    expect((await next.data())[2]).toBe(9);
    expect((await state.data())[2]).toBe(0);
  });
});

describe("bad use", () => {
  it("refuses an async function", async () => {
    const step = compile(async (x: Tensor) => x, { executor: reference });
    await expect(step(vector(1))).rejects.toThrow(
      "compile: the function is async; it must record its result synchronously",
    );
  });

  it("names a dynamic path that is not there", async () => {
    const step = compile((x: Tensor) => x, { executor: reference, dynamic: { "0.ids": ["batch"] } });
    await expect(step(vector(1))).rejects.toThrow('compile: dynamic names "0.ids", but no argument has a tensor there');
  });

  it("names a dynamic shape that does not fit", async () => {
    const step = compile((x: Tensor) => x, { executor: reference, dynamic: { "0": ["batch", 3] } });
    await expect(step(tensor([[1, 2]]))).rejects.toThrow('compile: "0" is declared as [batch,3], got float32[1,2]');
  });

  it("names a dimension with two sizes", async () => {
    const step = compile((x: Tensor, y: Tensor) => x.add(y), {
      executor: executors[1]!,
      dynamic: { "0": ["batch"], "1": ["batch"] },
    });
    await expect(step(vector(1, 2), vector(1, 2, 3))).rejects.toThrow(
      'run: dimension "batch" is 2 in input "0" and 3 in input "1"',
    );
  });

  it("checks sizes that combine names", async () => {
    const step = compile((x: Tensor, y: Tensor) => [x.sum(), y], {
      executor: executors[1]!,
      dynamic: { "0": ["n"], "1": ["n+1"] },
    });
    expect(await listed((await step(vector(1, 2), vector(1, 2, 3)))[1]!)).toEqual([1, 2, 3]);
    await expect(step(vector(1, 2), vector(1, 2))).rejects.toThrow('run: axis 0 of input "1" must be n+1 = 3, got 2');
  });
});

it("shows the program of a call without running it", () => {
  const step = compile((x: Tensor) => x.add(x).mul(1), { executor: reference });
  expect(printProgram(step.program(vector(1, 2)))).toBe(
    'program(%0: float32[2] "0") {\n  %1: float32[2] = add(%0, %0)\n  return %1\n}',
  );
  expect(step.program(vector(1)).outputs[0]).toBeInstanceOf(Tensor);
});
