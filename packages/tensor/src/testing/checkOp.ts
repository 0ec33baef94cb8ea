// Holds an op against what defines it: another executor against the reference, a gradient against finite differences in double
// precision, a fused op against its composition. The functions throw an error that says what differs.
import { checkProgram } from "../checkProgram.ts";
import { isFloat } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import type { Executor } from "../executors/executor.ts";
import { referenceExecutor } from "../executors/reference.ts";
import { square } from "../functional/statistics.ts";
import { gradients } from "../grad.ts";
import type { Program, Tensor } from "../graph.ts";
import { sum } from "../ops/broadcast.ts";
import { iota, placeholder } from "../ops/create.ts";
import { add, cast, mul, sin, sub } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import { optimize } from "../optimize.ts";
import { closeProgram } from "../program.ts";
import { expandFused } from "../rewrite.ts";
import { elementCount } from "../shape.ts";
import type { HostArray } from "../storage.ts";
import type { CaseInput, OpCase } from "./opCase.ts";
import { describeDifference, type Tolerance, tolerances } from "./toBeAllclose.ts";

/** Power of two, so that the step itself is exact; its square is the error of a central difference. */
const step = 2 ** -13;
const differenceTolerance: Tolerance = { relative: 2e-6, absolute: 2e-6 };

export interface CheckOpOptions {
  /** What is held against the reference executor. */
  readonly executor: Executor;
}

/** All checks of a case: forward and gradient on `executor`, and the gradient against finite differences. */
export async function checkOp(sample: OpCase, { executor }: CheckOpOptions): Promise<void> {
  await checkExecutor(sample, executor);
  await checkGradient(sample);
}

/** Forward values and gradients of a case, before and after the passes, on `executor` as on the reference executor. */
export async function checkExecutor(sample: OpCase, executor: Executor): Promise<void> {
  const inputs = placeholders(sample);
  const outputs = applied(sample, inputs);
  const program = checked(inputs, [...outputs, ...firstGradients(sample, inputs, outputs)]);
  const optimized = optimize(program);
  checkProgram(optimized);
  const expected = await runProgram(program, sample.inputs, referenceExecutor());
  compare("reference, optimised", await runProgram(optimized, sample.inputs, referenceExecutor()), expected);
  compare(executor.name, await runProgram(optimized, sample.inputs, executor), expected, sample.tolerance);
}

/** Gradients of a case against central finite differences in float64. Does nothing for a case without float32 inputs. */
export async function checkGradient(sample: OpCase): Promise<void> {
  await againstDifferences(sample, (inputs) => weightedSum(applied(sample, inputs)));
}

/** The same for the gradient of the sum of the squared gradients. */
export async function checkSecondOrder(sample: OpCase): Promise<void> {
  await againstDifferences(sample, (inputs) => {
    const first = firstGradients(sample, inputs, applied(sample, inputs));
    return first.map((gradient) => sum(square(gradient))).reduce((a, b) => add(a, b));
  });
}

/** Values and gradients of a case of a fused op against those of its composition, in float64. */
export async function checkComposition(sample: OpCase): Promise<void> {
  const inputs = placeholders(sample);
  const fused = applied(sample, inputs);
  const composed = expandFused(fused, () => false);
  const both = [fused, composed].map((outputs) => [
    ...outputs,
    ...(sample.exactGradient === false ? [] : firstGradients(sample, inputs, outputs)),
  ]);
  const executor = referenceExecutor({ precision: "float64" });
  const [actual, expected] = await Promise.all(
    both.map((outputs) => runProgram(checked(inputs, outputs), sample.inputs, executor)),
  );
  const exceptHalf = expected!.every(({ dtype }) => dtype === "float32" || !isFloat(dtype));
  compare("composition", actual!, expected!, exceptHalf ? { relative: 1e-6, absolute: 1e-6 } : undefined);
}

/** Runs a program on host arrays and reads what comes out. */
export async function runProgram(
  program: Program,
  inputs: readonly HostArray[],
  executor: Executor,
): Promise<HostArray[]> {
  const executable = await executor.compile(program, { donated: inputs.map(() => false) });
  try {
    const buffers = await executable.run(inputs.map(({ dtype, shape, data }) => ({ dtype, shape, data })));
    const arrays = await Promise.all(buffers.map((buffer) => executor.read(buffer)));
    for (const buffer of buffers) executor.release(buffer);
    return arrays;
  } finally {
    executable.dispose();
  }
}

function placeholders({ inputs }: OpCase, prefix = "x"): Tensor[] {
  return inputs.map(({ dtype, shape, recordedShape }, i) =>
    placeholder(`${prefix}${i}`, dtype, recordedShape ?? shape),
  );
}

function applied(sample: OpCase, inputs: readonly Tensor[]): readonly Tensor[] {
  const result = sample.apply(...inputs);
  return Array.isArray(result) ? result : [result as Tensor];
}

function checked(inputs: readonly Tensor[], outputs: readonly Tensor[]): Program {
  const { program, captured } = closeProgram(inputs, outputs);
  if (captured.length > 0)
    throw new TensorError("checkOp: a case must take its tensors as inputs, but it reads stored ones");
  checkProgram(program);
  return program;
}

function isDifferentiable({ dtype, differentiable }: CaseInput): boolean {
  return isFloat(dtype) && differentiable !== false;
}

/** A scalar that depends on every float output, with a different weight for each element. */
function weightedSum(outputs: readonly Tensor[]): Tensor {
  const floats = outputs.filter(({ dtype }) => isFloat(dtype));
  const parts = floats.map((output, i) => {
    const phase = add(mul(cast(iota(elementCount(output.shape)), "float32"), 0.7), 0.3 + i);
    return sum(mul(output, cast(reshape(sin(phase), output.shape), output.dtype)));
  });
  return parts.reduce((a, b) => add(cast(a, "float32"), cast(b, "float32")));
}

function firstGradients(sample: OpCase, inputs: readonly Tensor[], outputs: readonly Tensor[]): Tensor[] {
  const wanted = inputs.filter((_, i) => isDifferentiable(sample.inputs[i]!));
  if (wanted.length === 0 || !outputs.some(({ dtype }) => isFloat(dtype))) return [];
  return gradients(weightedSum(outputs), wanted);
}

async function againstDifferences(sample: OpCase, loss: (inputs: readonly Tensor[]) => Tensor): Promise<void> {
  const wanted = sample.inputs.flatMap((input, i) => (input.dtype === "float32" && isDifferentiable(input) ? [i] : []));
  if (sample.exactGradient === false || wanted.length === 0) return;
  const points = placeholders(sample);
  if (!applied(sample, points).some(({ dtype }) => isFloat(dtype))) return;
  const executor = referenceExecutor({ precision: "float64" });
  const analytic = checked(
    points,
    gradients(
      loss(points),
      wanted.map((i) => points[i]!),
    ),
  );
  const slopes = await runProgram(analytic, sample.inputs, executor);

  // The two losses are subtracted inside the program: outside of it they would be rounded to float32 first.
  const shifts = placeholders({ ...sample, inputs: wanted.map((i) => sample.inputs[i]!) }, "shift");
  const moved = (sign: 1 | -1) =>
    points.map((point, i) => (wanted.includes(i) ? add(point, mul(shifts[wanted.indexOf(i)]!, sign * step)) : point));
  const difference = mul(sub(loss(moved(1)), loss(moved(-1))), 1 / (2 * step));
  const program = checked([...points, ...shifts], [difference]);
  const executable = await executor.compile(program, { donated: program.inputs.map(() => false) });
  const still = wanted.map(
    (i): HostArray => ({ ...sample.inputs[i]!, data: new Float32Array(sample.inputs[i]!.data.length) }),
  );
  for (const [k, i] of wanted.entries()) {
    const estimate = new Float32Array(sample.inputs[i]!.data.length);
    for (let element = 0; element < estimate.length; element++) {
      const direction = new Float32Array(estimate.length);
      direction[element] = 1;
      const [result] = await executable.run([...sample.inputs, ...still.with(k, { ...still[k]!, data: direction })]);
      estimate[element] = Number((await executor.read(result!)).data[0]);
    }
    const expected = { dtype: "float32", shape: sample.inputs[i]!.shape, data: estimate } as const;
    compare(`gradient of input ${i} against finite differences`, [slopes[k]!], [expected], differenceTolerance);
  }
}

function compare(
  what: string,
  actual: readonly HostArray[],
  expected: readonly HostArray[],
  tolerance?: Tolerance,
): void {
  for (const [i, array] of expected.entries()) {
    const limit = isFloat(array.dtype) ? (tolerance ?? tolerances[array.dtype]) : tolerances[array.dtype];
    const difference = describeDifference(actual[i]!, array, limit);
    if (difference) throw new TensorError(`${what}: output ${i}: ${difference}`);
  }
}
