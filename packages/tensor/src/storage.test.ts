import { describe, expect, it } from "vitest";
import { compile } from "./compile.ts";
import { DisposedError, DTypeError, ShapeError } from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import type { DeviceBuffer, Executor } from "./executors/executor.ts";
import { onnxExecutor } from "./executors/onnx.ts";
import { referenceExecutor } from "./executors/reference.ts";
import "./fluent.ts";
import type { Tensor } from "./graph.ts";
import { lazyTensor, tensor } from "./ops/create.ts";

/** The reference executor, with a record of what it holds. */
function counted() {
  const inner = referenceExecutor();
  const alive = new Set<DeviceBuffer>();
  let compiled = 0;
  const keep = (buffer: DeviceBuffer) => {
    alive.add(buffer);
    return buffer;
  };
  const executor: Executor = {
    ...inner,
    compile: async (program, options) => {
      compiled++;
      const executable = await inner.compile(program, options);
      const run: typeof executable.run = async (inputs) => {
        const results = await executable.run(inputs);
        inputs.forEach((input, i) => {
          if (options.donated[i]) alive.delete(input);
        });
        return results.map(keep);
      };
      return { ...executable, run };
    },
    upload: async (array) => keep(await inner.upload(array)),
    release: (buffer) => {
      if (!alive.delete(buffer)) throw new Error("released twice");
    },
  };
  return { executor, alive, compilations: () => compiled };
}

const large = () => tensor(new Float32Array(100_000).fill(1));

describe("lazy tensors", () => {
  it("are computed when their elements are asked for, once", async () => {
    const { executor, compilations } = counted();
    const x = tensor([1, 2]).add(1);
    expect(x.storage).toBeUndefined();
    const [a, b] = await Promise.all([evaluate(x, executor), evaluate(x, executor)]);
    expect(a).toBe(b);
    expect((await a.read()).data).toEqual(new Float32Array([2, 3]));
    await evaluate(x, executor);
    expect(compilations()).toBe(1);
  });

  it("can be tried again after a failure", async () => {
    const { executor } = counted();
    const x = tensor([1]).add(1);
    const failing = { ...executor, compile: () => Promise.reject(new Error("not now")) };
    await expect(evaluate(x, failing)).rejects.toThrow("not now");
    expect((await (await evaluate(x, executor)).read()).data).toEqual(new Float32Array([2]));
  });

  it("give their element as a number", async () => {
    expect(await tensor([2]).sum().item()).toBe(2);
    expect(await tensor(new BigInt64Array([5n])).item()).toBe(5);
    expect(await tensor(1.5, { dtype: "bfloat16" }).item()).toBe(1.5);
    await expect(tensor([1, 2]).item()).rejects.toThrow("item: expected one element, got 2 (use data())");
  });
});

describe("memory", () => {
  it("is uploaded once for runs that start together, and freed once", async () => {
    const { executor, alive } = counted();
    const sum = compile((x: Tensor) => x.sum(), { executor });
    const x = large();
    const results = await Promise.all([sum(x), sum(x), sum(x)]);
    expect(alive.size).toBe(1 + results.length);
    for (const result of results) result.dispose();
    x.dispose();
    x.dispose();
    expect(alive.size).toBe(0);
    await expect(x.data()).rejects.toThrow(DisposedError);
    await expect(x.data()).rejects.toThrow("tensor float32[100000] was disposed");
  });

  it("is freed at the end of a block", async () => {
    const { executor, alive } = counted();
    {
      using y = await compile((x: Tensor) => x.add(1), { executor })(tensor([1]));
      expect(y.dtype).toBe("float32");
      expect(alive.size).toBe(1);
    }
    expect(alive.size).toBe(0);
  });

  it("does not pile up over a thousand donated steps", async () => {
    const { executor, alive } = counted();
    const step = compile((x: Tensor) => x.add(1), { executor, donate: [0] });
    let x = tensor([0]);
    for (let i = 0; i < 1000; i++) x = await step(x);
    expect(await x.item()).toBe(1000);
    expect(alive.size).toBe(1);
  });

  it("is given back by the collector for tensors nobody refers to", async () => {
    const { executor, alive } = counted();
    const step = compile((x: Tensor) => x.add(1), { executor });
    await (async () => {
      for (let i = 0; i < 20; i++) await step(tensor([i]));
    })();
    expect(alive.size).toBe(20);
    for (let i = 0; i < 50 && alive.size > 2; i++) {
      globalThis.gc!();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // The last result may still lie on the stack.
    expect(alive.size).toBeLessThanOrEqual(2);
  });

  it("of a tensor disposed while it is uploaded is freed as well", async () => {
    const { executor, alive } = counted();
    const x = large();
    const uploading = x.storage!.forExecutor(executor);
    x.dispose();
    await expect(uploading).rejects.toThrow("was disposed");
    expect(alive.size).toBe(0);
  });
});

describe("elements made when they are needed", () => {
  const type = { dtype: "float32", shape: [100_000] } as const;
  function recipe() {
    let made = 0;
    const x = lazyTensor(() => {
      made++;
      return new Float32Array(100_000).fill(1);
    }, type);
    return { x, made: () => made };
  }

  it("go to the executor without staying on the host", async () => {
    const { x, made } = recipe();
    const { executor, alive } = counted();
    expect(made()).toBe(0);
    const sum = compile((x: Tensor) => x.sum(), { executor });
    expect(await (await sum(x)).item()).toBe(100_000);
    expect(await (await sum(x)).item()).toBe(100_000);
    expect(made()).toBe(1);
    expect(x.storage!.hostBytes).toBe(0);
    expect((await x.data())[99_999]).toBe(1);
    expect(made()).toBe(1);
    x.dispose();
    expect(alive.size).toBe(2);
  });

  it("are moved to the thread that computes, not copied", async () => {
    const array = new Float32Array(100_000).fill(1);
    const executor = onnxExecutor({ threads: 1 });
    const x = lazyTensor(() => array, type);
    expect(await (await compile((x: Tensor) => x.sum(), { executor })(x)).item()).toBe(100_000);
    expect(array.length).toBe(0);
    expect((await x.data())[99_999]).toBe(1);
    await executor.dispose();
  });

  it("stay once they were read, and are made again after an upload that failed", async () => {
    const { x, made } = recipe();
    const { executor } = counted();
    const failing: Executor = { ...executor, upload: () => Promise.reject(new Error("not now")) };
    await expect(compile((x: Tensor) => x.sum(), { executor: failing })(x)).rejects.toThrow("not now");
    expect((await x.data())[0]).toBe(1);
    expect(await x.data()).toBe(await x.data());
    expect(made()).toBe(2);
  });

  it("are checked", async () => {
    const short = lazyTensor(() => new Float32Array(3), type);
    await expect(short.data()).rejects.toThrow(ShapeError);
    await expect(short.data()).rejects.toThrow("has 100000 elements, got 3");
    await expect(lazyTensor(() => new Int32Array(100_000), type).data()).rejects.toThrow(DTypeError);
  });
});
