import { afterAll, expect, it } from "vitest";
import { compile } from "../../compile.ts";
import { dequantizeBlockwise, quantizeBlockwise, type Tensor, tensor, where } from "../../index.ts";
import { hostRandomNormal } from "../../random.ts";
import { onnxExecutor } from "../onnx.ts";
import { referenceExecutor } from "../reference.ts";
import { divideWork } from "./hostWork.ts";

const executor = onnxExecutor();
afterAll(() => executor.dispose());

interface State {
  weight: Tensor;
  mean: Tensor;
}

/** A small optimiser: a graph part (the product), then an element-wise end over the state. */
function update(state: State, x: Tensor, rate: Tensor, isGood: Tensor) {
  const gradient = x
    .matmul(state.weight, { transposeA: false })
    .sum(0, { keepDimensions: true })
    .broadcastTo([3, 3])
    .exp();
  const mean = state.mean.mul(0.9).add(gradient.mul(0.1));
  const weight = state.weight.sub(mean.mul(rate).div(mean.square().add(1).sqrt()));
  return { state: { weight: where(isGood, weight, state.weight), mean }, norm: gradient.square().sum() };
}

const start = (shift = 0): State => ({
  weight: tensor(
    Float32Array.from({ length: 9 }, (_, i) => (i + shift) / 10),
    { shape: [3, 3] },
  ),
  mean: tensor(
    Float32Array.from({ length: 9 }, (_, i) => (shift - i) / 20),
    { shape: [3, 3] },
  ),
});
const x = tensor([
  [0.1, -0.2, 0.3],
  [0.2, 0.1, -0.1],
]);
const yes = tensor([1], { dtype: "bool", shape: [] });
const no = tensor([0], { dtype: "bool", shape: [] });

async function train(steps: number, runner: typeof executor, from: State) {
  const step = compile(update, { executor: runner, donate: [0] });
  let state = from;
  let norm = 0;
  for (let i = 0; i < steps; i++) {
    const result = await step(state, x, tensor(0.5 / (i + 1)), i === 1 ? no : yes);
    state = result.state;
    norm = await result.norm.item();
  }
  return {
    weight: [...(await state.weight.data())].map(Number),
    mean: [...(await state.mean.data())].map(Number),
    norm,
  };
}

it("takes the update of donated state out of the graph, and nothing else", () => {
  const step = compile(update, { executor });
  const program = step.program(start(), x, tensor(1), yes);
  const {
    kernels,
    program: graph,
    outputs,
  } = divideWork(
    program,
    program.inputs.map((_, i) => i < 2),
  );
  expect(kernels).toHaveLength(1);
  expect(outputs.map(({ kind }) => kind)).toEqual(["kernel", "kernel", "graph"]);
  expect(graph.nodes.map(({ op }) => op.name)).not.toContain("sqrt");
  expect(
    divideWork(
      program,
      program.inputs.map(() => false),
    ).kernels,
  ).toEqual([]);
  // One place to write to is not enough for two results.
  expect(
    divideWork(
      program,
      program.inputs.map((_, i) => i === 0),
    ).kernels,
  ).toEqual([]);
});

it("gives the numbers of the reference executor over several steps", async () => {
  const ours = await train(4, executor, start());
  const reference = await train(4, referenceExecutor(), start());
  for (const name of ["weight", "mean"] as const) {
    for (const [i, value] of ours[name].entries()) expect(value, `${name}[${i}]`).toBeCloseTo(reference[name][i]!, 5);
  }
  expect(ours.norm).toBeCloseTo(reference.norm, 3);
});

it("keeps states apart that take turns in one compiled function", async () => {
  const step = compile(update, { executor, donate: [0] });
  const alone = async (shift: number) => {
    let state = start(shift);
    for (let i = 0; i < 3; i++) state = (await step(state, x, tensor(0.5), yes)).state;
    return [...(await state.weight.data())];
  };
  const [first, second] = [await alone(0), await alone(5)];
  let [a, b] = [start(0), start(5)];
  for (let i = 0; i < 3; i++) {
    a = (await step(a, x, tensor(0.5), yes)).state;
    b = (await step(b, x, tensor(0.5), yes)).state;
  }
  expect([...(await a.weight.data())]).toEqual(first);
  expect([...(await b.weight.data())]).toEqual(second);
  // What one function wrote in place is an ordinary tensor for another.
  const twice = compile((weight: Tensor) => weight.mul(2), { executor });
  expect([...(await (await twice(a.weight)).data())]).toEqual(first.map((value) => Math.fround(Number(value) * 2)));
});

it("leaves the caller's arrays alone", async () => {
  const weight = new Float32Array(9).fill(0.5);
  const state = { weight: tensor(weight, { shape: [3, 3] }), mean: tensor(new Float32Array(9), { shape: [3, 3] }) };
  await compile(update, { executor, donate: [0] })(state, x, tensor(0.5), yes);
  expect([...weight]).toEqual(Array(9).fill(0.5));
});

it("writes each result over the state it is made of, in whatever order they come", () => {
  const plain = ({ weight, mean }: State, x: Tensor) => {
    const gradient = x.exp().sum();
    const nextMean = mean.mul(0.9).add(weight.mul(gradient));
    return { weight: weight.sub(nextMean.square().mul(0.1).sqrt()), mean: nextMean };
  };
  const reversed = ({ weight, mean }: State, x: Tensor) => {
    const decayed = weight.mul(0.99);
    const results = plain({ weight: decayed, mean }, x);
    return { mean: results.mean, weight: results.weight };
  };
  for (const step of [plain, reversed]) {
    const recorded = compile(step, { executor, donate: [0] }).record(start(), x);
    const { kernels, outputs } = divideWork(recorded.program, [true, true, false]);
    expect(kernels).toHaveLength(1);
    for (const name of ["weight", "mean"] as const) {
      const plan = outputs[recorded.outputs.get((recorded.result as State)[name])!]!;
      const source = plan.kind === "kernel" && kernels[0]!.arrays[plan.array];
      expect(source).toEqual({ kind: "input", index: ["weight", "mean"].indexOf(name) });
    }
  }
});

/** Moments in 8 bits: numbers in the kernel, codes in memory. */
function codedUpdate(state: Record<"weight" | "codes" | "scales", Tensor>, gradient: Tensor, rate: Tensor) {
  const moment = dequantizeBlockwise(state as never, "signed")
    .mul(0.9)
    .add(gradient.mul(rate));
  return { weight: state.weight.sub(moment.mul(0.1)), ...quantizeBlockwise(moment, "signed") };
}

const codedStart = () => ({
  weight: tensor(hostRandomNormal(1, "weight", 1024), { shape: [4, 256] }),
  codes: tensor(new Uint8Array(1024), { shape: [4, 256] }),
  scales: tensor(new Float32Array(4)),
});

it("reads and writes codes in place, with the very numbers of the reference executor", async () => {
  const run = async (runner: typeof executor) => {
    const step = compile(codedUpdate, { executor: runner, donate: [0] });
    let state: ReturnType<typeof codedUpdate> = codedStart();
    for (let i = 0; i < 6; i++) {
      const gradient = tensor(
        hostRandomNormal(i, "gradient", 1024).map((x) => x ** 5),
        { shape: [4, 256] },
      );
      state = await step(state, gradient, tensor(0.5 / (i + 1)));
    }
    return Object.fromEntries(
      await Promise.all(Object.entries(state).map(async ([k, x]) => [k, [...(await x.data())]])),
    );
  };
  const { program } = compile(codedUpdate, { executor, donate: [0] }).record(
    codedStart(),
    codedStart().weight,
    tensor(1),
  );
  const { kernels, program: graph } = divideWork(program, [true, true, true, false, false]);
  expect(kernels[0]!.kernel.arrays).toEqual(["scales", { levels: "signed", scales: 0 }, "float32", "float32"]);
  expect(graph.nodes.map(({ op }) => op.name)).toEqual(["constant"]);
  expect(await run(executor)).toEqual(await run(referenceExecutor()));
});

it("leaves codes to the graph that something else reads, or that have no array to go to", () => {
  const kernelsOf = (fn: typeof codedUpdate, donated: readonly boolean[]) =>
    divideWork(compile(fn, { executor }).program(codedStart(), codedStart().weight, tensor(1)), donated).kernels;
  expect(kernelsOf(codedUpdate, [true, false, true, false, false])).toEqual([]);
  const read = (...args: Parameters<typeof codedUpdate>) => {
    const next = codedUpdate(...args);
    return { ...next, sum: next.codes.cast("float32").sum() };
  };
  const formats = kernelsOf(read, [true, true, true, false, false]).flatMap(({ kernel }) => kernel.arrays);
  expect(formats.every((format) => format === "float32")).toBe(true);
});
