import { describe, expect, it } from "vitest";
import { compile } from "../compile.ts";
import { onnxExecutor } from "../executors/onnx.ts";
import { referenceExecutor } from "../executors/reference.ts";
import "../fluent.ts";
import type { Tensor } from "../graph.ts";
import { placeholder, tensor } from "../ops/create.ts";
import { fusedOps, primitiveOps } from "../ops/index.ts";
import { printProgram } from "../print.ts";
import { programFromJson, programToJson } from "../programJson.ts";
import { runProgram } from "../testing/checkOp.ts";
import { scan } from "./scan.ts";

const executor = referenceExecutor();
const vector = (...values: number[]) => tensor(values);

describe("scan", () => {
  it("carries a tree from step to step and stacks what each puts out", async () => {
    class State {
      sum = vector(0, 0);
      readonly label = "kept";
    }
    const run = compile(
      (state: State, rows: { x: Tensor }) =>
        scan(
          (carry: State, row: { x: Tensor }) =>
            [Object.assign(new State(), { sum: carry.sum.add(row.x) }), carry.sum] as const,
          state,
          rows,
        ),
      { executor, check: true },
    );
    const [state, sums] = await run(new State(), {
      x: tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    });
    expect(state).toBeInstanceOf(State);
    expect(state.label).toBe("kept");
    expect(await state.sum.data()).toEqual(Float32Array.of(9, 12));
    expect(sums.shape).toEqual([3, 2]);
    expect(await sums.data()).toEqual(Float32Array.of(0, 0, 1, 2, 4, 6));
  });

  it("is one node, whatever the number of steps", () => {
    const run = compile(
      (x: Tensor, rows: Tensor) => scan((c: Tensor, row: Tensor) => [c.add(row), c] as const, x, rows),
      {
        executor,
      },
    );
    for (const steps of [2, 50]) {
      const { nodes } = run.program(vector(1), tensor(new Float32Array(steps), { shape: [steps, 1] }));
      expect(nodes.map(({ op }) => op.name)).toEqual(["scan"]);
    }
    expect(printProgram(run.program(vector(1), tensor([[1], [2]])))).toBe(
      [
        'program(%0: float32[1] "0", %1: float32[2,1] "1") {',
        '  %2: float32[1], %3: float32[2,1] = scan(%0, %1) body=program(%0: float32[1] "scan", %1: float32[1] "scan") {',
        "    %2: float32[1] = add(%0, %1)",
        "    return %2, %0",
        "  } carried=1 stacked=1 length=2",
        "  return %2, %3",
        "}",
      ].join("\n"),
    );
  });

  it("reads stored tensors and keeps two scans apart", async () => {
    const weight = vector(3);
    const run = compile(
      (x: Tensor, rows: Tensor) => {
        const [sums] = scan((c: Tensor, row: Tensor) => [c.add(row.mul(weight)), {}] as const, x, rows);
        const [differences] = scan((c: Tensor, row: Tensor) => [c.sub(row.mul(weight)), {}] as const, x, rows);
        return [sums, differences];
      },
      { executor, check: true },
    );
    const [sums, differences] = await run(vector(1), tensor([[1], [2]]));
    expect([await sums!.item(), await differences!.item()]).toEqual([10, -8]);
  });

  it("is written with its body and read again", async () => {
    const run = compile(
      (x: Tensor, rows: Tensor) => scan((c: Tensor, row: Tensor) => [c.mul(row).add(0.5), c] as const, x, rows),
      { executor },
    );
    const program = run.program(vector(2), tensor([[3], [4]]));
    const text = JSON.stringify(programToJson(program, ["x", "rows"]));
    const read = programFromJson(JSON.parse(text), [...primitiveOps, ...fusedOps], "file");
    const arrays = [vector(2), tensor([[3], [4]])].map(({ storage }) => storage!.read());
    const results = await runProgram(read, await Promise.all(arrays), executor);
    expect(results.map(({ data }) => data)).toEqual([Float32Array.of(26.5), Float32Array.of(2, 6.5)]);
    const broken = JSON.parse(text.replace('"op":"mul"', '"op":"none"'));
    expect(() => programFromJson(broken, [...primitiveOps, ...fusedOps], "file")).toThrow(
      "file: node 0 (scan): its body: node 0 (none): there is no such op",
    );
  });

  it("names the place in user code where a step fails", async () => {
    const onnx = onnxExecutor({ thread: "main", threads: 1 });
    const run = compile(
      (x: Tensor, rows: Tensor) => scan((c: Tensor, row: Tensor) => [c.div(row), {}] as const, x, rows)[0],
      {
        executor: onnx,
      },
    );
    const failing = run(tensor([4], { dtype: "int32" }), tensor([[2], [0]], { dtype: "int32" }));
    await expect(failing).rejects.toThrow(/^div: .*division by zero/i);
    await expect(failing).rejects.toThrow(/recorded at \S+scan\.test\.ts:\d+$/);
    await onnx.dispose();
  });
});

describe("scan refuses", () => {
  const x = placeholder("x", "float32", [2]);
  const rows = placeholder("rows", "float32", [3, 2]);

  it("a carry whose type changes", () => {
    expect(() =>
      scan((c: { m: Tensor }, row: Tensor) => [{ m: c.m.sum().add(row.sum()) }, {}] as const, { m: x }, rows),
    ).toThrow('scan: the carry at "m" is float32[2], the step made float32[] of it (return it with its type)');
    expect(() => scan((c: { m: Tensor }) => [{} as typeof c, {}] as const, { m: x }, rows)).toThrow(
      'scan: the carry at "m" is float32[2], the step made undefined of it (return it with its type)',
    );
  });

  it("a shared tensor that a step takes apart", () => {
    expect(() =>
      scan((c: Tensor[], row: Tensor) => [[c[0]!.add(row), c[1]!], {}] as [Tensor[], object], [x, x], rows),
    ).toThrow('scan: the carry at "1" is float32[2] and, at another place, shared, the step made float32[2] of it');
  });

  it("inputs without steps, or with different numbers of them", () => {
    expect(() => scan((c: Tensor) => [c, {}] as const, x, {})).toThrow("scan: the inputs hold no tensor");
    expect(() => scan((c: Tensor) => [c, {}] as const, x, [rows, placeholder("other", "float32", [4])])).toThrow(
      "scan: the first axis of all inputs must be the same number of steps, at least 1; got float32[3,2] and float32[4]",
    );
    expect(() => scan((c: Tensor) => [c, {}] as const, x, placeholder("none", "float32", [0, 2]))).toThrow(
      "at least 1; got float32[0,2]",
    );
    expect(() => scan((c: Tensor) => [c, {}] as const, x, placeholder("many", "float32", ["steps", 2]))).toThrow(
      "at least 1; got float32[steps,2]",
    );
  });
});
