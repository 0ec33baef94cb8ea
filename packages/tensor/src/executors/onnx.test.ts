// The onnx executor in its worker thread: life and death of the thread, errors, memory.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { compile } from "../compile.ts";
import { ExecutionError } from "../errors.ts";
import "../fluent.ts";
import { valueAndGrad } from "../grad.ts";
import type { Tensor } from "../graph.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { tensor } from "../ops/create.ts";
import { div } from "../ops/elementwise.ts";
import { gather, scatterAdd, updateSlice } from "../ops/gather.ts";
import { onnxExecutor } from "./onnx.ts";
import { referenceExecutor } from "./reference.ts";

const executor = onnxExecutor();
afterAll(() => executor.dispose());

const filled = (shape: readonly number[], value: number) =>
  tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value), { shape });

/** A training step of a small network, whose weights it may overwrite. */
function trainingStep(on = executor) {
  return compile(
    (weights: { w: Tensor }, x: Tensor) => {
      const [loss, slopes] = valueAndGrad((p: typeof weights) => x.matmul(p.w).gelu().square().mean())(weights);
      return { loss, weights: { w: weights.w.sub(slopes.w.mul(0.1)) } };
    },
    { executor: on, donate: [0], check: true },
  );
}

describe("errors of a run", () => {
  const place = /\n {2}recorded at \S+onnx\.test\.ts:\d+$/;

  it("name the op, the values and the line of user code", async () => {
    const step = compile((table: Tensor, ids: Tensor) => gather(table, ids).mul(2), { executor });
    const failing = step(filled([4, 2], 1), tensor([9], { dtype: "int32" }));
    await expect(failing).rejects.toThrow(ExecutionError);
    await expect(failing).rejects.toThrow(/^gather: index 9 is outside 0 to 3/);
    await expect(failing).rejects.toThrow(place);
    await expect(step(filled([4, 2], 1), tensor([-1], { dtype: "int32" }))).rejects.toThrow(
      "gather: index -1 is outside 0 to 3",
    );
  });

  it("do so for division by zero", async () => {
    const step = compile((x: Tensor) => div(x, x), { executor });
    const failing = step(tensor([0], { dtype: "int32" }));
    await expect(failing).rejects.toThrow(/^div: .*division by zero/i);
    await expect(failing).rejects.toThrow(place);
  });

  it("name a class that is none", async () => {
    const loss = compile((logits: Tensor, targets: Tensor) => logits.crossEntropy(targets), { executor });
    for (const target of [3, -1]) {
      const failing = loss(filled([1, 3], 1), tensor([target], { dtype: "int32" }));
      await expect(failing).rejects.toThrow("gatherElements: an index is outside the axis");
    }
    expect(await (await loss(filled([1, 3], 1), tensor([-100], { dtype: "int32" }))).item()).toBe(0);
  });

  it.each(["worker", "main"] as const)(
    "say how much memory was needed where there is too little, and keep the state (%s)",
    async (thread) => {
      const own = onnxExecutor({ thread });
      // More than an address space holds, so that no system tries.
      const step = compile(
        (state: { w: Tensor }, [x]: readonly Tensor[]) => ({
          w: state.w.add(1),
          y: broadcastTo(x!, ["a", "b", "c"]).exp().sum(),
        }),
        { executor: own, donate: [0], dynamic: { "1.0": ["a", 1, 1], "1.1": ["b"], "1.2": ["c"] } },
      );
      const sized = (size: number) => [filled([size, 1, 1], 0), filled([size], 0), filled([size], 0)];
      const state = { w: filled([100_000], 2) };
      const failing = step(state, sized(100_000));
      await expect(failing).rejects.toThrow(ExecutionError);
      await expect(failing).rejects.toThrow(/^broadcastTo: Failed to allocate memory .*\n {2}recorded at/);
      await expect(failing).rejects.toThrow(
        /\n {2}a run takes about 8 PB \(1\.6 MB of inputs, 400 kB of results, 8 PB on the way\); [\d.]+ [kMGTE]B are free\n {2}nothing was changed/,
      );
      expect((await state.w.data())[99_999]).toBe(2);
      const next = await step(state, sized(10));
      expect((await next.w.data())[99_999]).toBe(3);
      expect(await next.y.item()).toBe(1000);
      const filling = compile((x: Tensor) => broadcastTo(x, [1e6, 1e6]), { executor: own });
      await expect(filling(tensor([1]))).rejects.toThrow("a run takes about 4 TB");
      await own.dispose();
    },
  );

  it("leave the executor usable", async () => {
    const step = compile((x: Tensor) => x.add(1), { executor });
    expect(await (await step(tensor([1]))).item()).toBe(2);
  });
});

describe("adding by index", () => {
  // ONNX Runtime's ScatterND loses updates here: its threads add to one row at once.
  it.each([
    ["few rows", 3],
    ["many rows", 5000],
  ])("loses no update, with %s", async (_, rows) => {
    const [count, width] = [20_000, 256];
    const add = compile((ids: Tensor, updates: Tensor) => scatterAdd(ids, updates, rows).slice(0, 0, 3), { executor });
    const ids = tensor(Int32Array.from({ length: count }, (_, i) => i % 3));
    const updates = filled([count, width], 1);
    for (let repeat = 0; repeat < 3; repeat++) {
      const data = (await (await add(ids, updates)).data()) as Float32Array;
      const expected = [0, 1, 2].flatMap((row) => Array<number>(width).fill(Math.ceil((count - row) / 3)));
      expect(data).toEqual(Float32Array.from(expected));
    }
  });
});

describe("products with a transposed first operand", () => {
  const counted = (rows: number, columns: number, step: number) =>
    tensor(
      Float32Array.from({ length: rows * columns }, (_, i) => ((i * step) % 17) / 17 - 0.5),
      { shape: [rows, columns] },
    );

  // The narrower operand is copied, or the other one and the result.
  it.each([
    [64, 200],
    [200, 64],
    [200, 20],
  ])("of %i and %i columns equal the reference's", async (columns, others) => {
    const product = (a: Tensor, b: Tensor) => a.matmul(b, { transposeA: true });
    const [a, b] = [counted(80, columns, 5), counted(80, others, 7)];
    const [actual, expected] = [executor, referenceExecutor()].map((on) => compile(product, { executor: on })(a, b));
    expect((await actual!).shape).toEqual([columns, others]);
    const [found, wanted] = [await (await actual!).data(), await (await expected!).data()].map(
      (data) => data as Float32Array,
    );
    const errors = Array.from(found!, (value, i) => Math.abs(value - wanted![i]!));
    expect(Math.max(...errors)).toBeLessThan(1e-4);
  });
});

describe("state", () => {
  it("stays in the executor and is updated in place where it is donated", async () => {
    const write = compile((cache: Tensor, row: Tensor, at: Tensor) => updateSlice(cache, row, at, 0), {
      executor,
      donate: [0],
    });
    let cache = filled([1000, 100], 0);
    for (const at of [0, 7, 999]) cache = await write(cache, filled([1, 100], at + 1), tensor(at, { dtype: "int32" }));
    const data = await cache.data();
    expect([data[0], data[100], data[700], data[99_999]]).toEqual([1, 0, 8, 1000]);
  });

  it("is uploaded once", async () => {
    const x = filled([300, 300], 1);
    const step = compile((a: Tensor) => a.sum(), { executor });
    await Promise.all([step(x), step(x)]);
    const buffer = await x.storage!.forExecutor(executor);
    expect(await x.storage!.forExecutor(executor)).toBe(buffer);
    expect(buffer).not.toHaveProperty("data.buffer");
  });

  it("moves between executors", async () => {
    const other = onnxExecutor({ thread: "main" });
    const onOne = await compile((x: Tensor) => x.add(1), { executor })(filled([300, 300], 1));
    const onOther = await compile((x: Tensor) => x.mul(3), { executor: other })(onOne);
    expect((await onOther.data())[0]).toBe(6);
    expect((await onOne.data())[0]).toBe(2);
    await other.dispose();
  });
});

describe.each(["worker", "main"] as const)("disposal (%s)", (thread) => {
  it("fails what is pending and what comes later, and the process lives", async () => {
    const own = onnxExecutor({ thread });
    const step = trainingStep(own);
    const first = await step({ w: filled([64, 64], 0.1) }, filled([8, 64], 1));
    const pending = step(first.weights, filled([8, 64], 1));
    const outcome = pending.then(
      () => "done",
      (error: Error) => error.message,
    );
    await own.dispose();
    // In the caller's thread a run that began is finished first.
    expect(["done", "onnx executor: it was disposed (make a new executor to go on)"]).toContain(await outcome);
    await expect(step({ w: filled([64, 64], 0.1) }, filled([8, 64], 1))).rejects.toThrow(
      "onnx executor: it was disposed (make a new executor to go on)",
    );
    await own.dispose();
  });
});

describe("memory", () => {
  const megabytes = () => {
    globalThis.gc!();
    return process.memoryUsage().rss / 2 ** 20;
  };
  const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

  it("does not grow when a model is built, trained and disposed twenty times", async () => {
    const life = async () => {
      const own = onnxExecutor({ thread: "main" });
      const step = trainingStep(own);
      let weights = { w: filled([512, 512], 0.01) };
      for (let i = 0; i < 3; i++) ({ weights } = await step(weights, filled([32, 512], 0.1)));
      weights.w.dispose();
      step.dispose();
      await own.dispose();
    };
    for (let i = 0; i < 4; i++) await life();
    const before = megabytes();
    for (let i = 0; i < 20; i++) await life();
    // One life holds about 10 MB: a leak of each would be 200.
    expect(megabytes() - before).toBeLessThan(120);
  });

  it("does not grow over a thousand steps", async () => {
    const step = trainingStep();
    let weights = { w: filled([256, 256], 0.01) };
    const run = async (count: number) => {
      for (let i = 0; i < count; i++) ({ weights } = await step(weights, filled([4, 256], 0.1)));
    };
    await run(200);
    const before = megabytes();
    await run(1000);
    // Each step makes new weights of 256 KB.
    expect(megabytes() - before).toBeLessThan(120);
    expect(step.signatures).toBe(1);
  });

  it("does not grow with a thousand signatures", { timeout: 60_000 }, async () => {
    const own = onnxExecutor({ thread: "main", threads: 1 });
    const weight = filled([128, 128], 0.01);
    const step = compile((w: Tensor, x: Tensor, factor: number) => x.matmul(w).mul(factor).sum(), {
      executor: own,
      constants: [0],
    });
    const run = async (from: number, to: number) => {
      for (let i = from; i < to; i++) (await step(weight, filled([1, 128], 1), i)).dispose();
    };
    await run(0, 100);
    expect(step.signatures).toBe(64);
    const before = megabytes();
    await run(100, 1000);
    expect(step.signatures).toBe(64);
    // Each holds its weight in 64 KB, beside the session: kept, they would be nearly 190 MB.
    expect(megabytes() - before).toBeLessThan(110);
    step.dispose();
    expect(step.signatures).toBe(0);
    await own.dispose();
  });

  it("is freed for tensors nobody refers to any more", async () => {
    const grow = compile((x: Tensor) => x.add(1), { executor });
    const forget = async () => {
      for (let i = 0; i < 40; i++) await grow(filled([1024, 1024], i));
    };
    const tidy = async () => {
      for (let i = 0; i < 5; i++) {
        globalThis.gc!();
        await settle();
      }
    };
    await forget();
    await tidy();
    const before = megabytes();
    await forget();
    await forget();
    await tidy();
    // Eighty results of 4 MB were made and forgotten.
    expect(megabytes() - before).toBeLessThan(120);
  });
});

describe("a process", () => {
  const run = promisify(execFile);
  const root = fileURLToPath(new URL("../../../../", import.meta.url));
  const script = (name: string) =>
    run(
      process.execPath,
      [
        "--import",
        `${root}scripts/runFromSource.mjs`,
        "--conditions=@llm/source",
        fileURLToPath(new URL(`__fixtures__/${name}`, import.meta.url)),
      ],
      { cwd: root, timeout: 30_000 },
    );

  it("ends by itself when its executor is idle", async () => {
    expect((await script("idleProcess.ts")).stdout.trim()).toBe("3");
  });

  it("ends as it is told to in the middle of runs", async () => {
    await expect(script("endedInRuns.ts")).rejects.toMatchObject({ code: 7, stdout: "8\n", stderr: "" });
  });

  it("outlives the thread of its executor", async () => {
    const { stdout } = await script("killedThread.ts");
    const ended =
      "onnx executor: its thread ended with code 1, the tensors that it held are lost (make a new executor to go on)";
    expect(
      stdout
        .replaceAll(/; .* are free/g, "; … are free")
        .trim()
        .split("\n"),
    ).toEqual([
      `pending: ${ended}`,
      "  a run takes about 80 MB (40 MB of inputs, 4 bytes of results, 40 MB on the way); … are free",
      `later: ${ended}`,
      "  a run takes about 16 bytes (4 bytes of inputs, 4 bytes of results, 8 bytes on the way); … are free",
      "new: 3",
    ]);
  });
});
