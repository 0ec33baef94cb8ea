// Programs whose ONNX files are committed beside this folder: all cases of each family of ops, a training step, and a
// causal transformer block over named dimensions. tools/fixtures/check_onnx.py holds them against ONNX's own tools.
import "../../fluent.ts";
import { attention } from "../../functional/attention.ts";
import { dropout } from "../../functional/dropout.ts";
import { functionalCases } from "../../functional/functional.cases.ts";
import { crossEntropy } from "../../functional/losses.ts";
import { fusedCases } from "../../fused/fused.cases.ts";
import { gelu } from "../../fused/gelu.ts";
import { layerNorm } from "../../fused/norms.ts";
import { valueAndGrad } from "../../grad.ts";
import type { Tensor } from "../../graph.ts";
import { placeholder } from "../../ops/create.ts";
import { elementwiseCases } from "../../ops/elementwise.cases.ts";
import { add, div, mul, sqrt, sub } from "../../ops/elementwise.ts";
import { gatherCases } from "../../ops/gather.cases.ts";
import { gather } from "../../ops/gather.ts";
import { matmul } from "../../ops/matmul.ts";
import { movementCases } from "../../ops/movement.cases.ts";
import { reshape, transpose } from "../../ops/movement.ts";
import { reduceCases } from "../../ops/reduce.cases.ts";
import { optimize } from "../../optimize.ts";
import { makeProgram } from "../../program.ts";
import { RandomKey } from "../../random.ts";
import type { HostArray } from "../../storage.ts";
import { runProgram } from "../../testing/checkOp.ts";
import { floats, integers, numbers, type OpCase, type OpCases } from "../../testing/opCase.ts";
import { referenceExecutor } from "../reference.ts";
import { onnxModel } from "./onnxModel.ts";

export interface OnnxSample {
  readonly name: string;
  readonly model: Uint8Array;
  /** `input.<i>` and, as the reference executor computes them, `output.<i>`. */
  readonly tensors: Map<string, HostArray>;
}

/** Each sample is one program; the cases of a family share it. */
export function onnxSamples(): Promise<OnnxSample[]> {
  const samples: Readonly<Record<string, readonly OpCase[]>> = {
    elementwise: casesOf(elementwiseCases),
    movement: casesOf(movementCases),
    reduce: casesOf(reduceCases),
    gather: casesOf(gatherCases),
    fused: casesOf(fusedCases),
    functional: casesOf(functionalCases),
    trainingStep: [trainingStep],
    transformerBlock: [transformerBlock],
  };
  return Promise.all(Object.entries(samples).map(([name, cases]) => onnxSample(name, cases)));
}

/** NumPy has no bfloat16 to compare with; what IEEE 754 leaves open at its edges is tested on our own executors. */
function casesOf(cases: OpCases): OpCase[] {
  const isPlain = ({ name, inputs }: OpCase) =>
    !name.includes("bfloat16") && name !== "special values" && inputs.every(({ dtype }) => dtype !== "bfloat16");
  return Object.values(cases).flat().filter(isPlain);
}

async function onnxSample(name: string, cases: readonly OpCase[]): Promise<OnnxSample> {
  const inputs: Tensor[] = [];
  const arrays: HostArray[] = [];
  const outputs = cases.flatMap((sample) => {
    const placeholders = sample.inputs.map(({ dtype, shape, data, recordedShape }) => {
      arrays.push({ dtype, shape, data });
      return placeholder(`input.${inputs.length}`, dtype, recordedShape ?? shape);
    });
    inputs.push(...placeholders);
    return sample.apply(...placeholders);
  });
  const program = optimize(makeProgram(inputs, outputs));
  const results = await runProgram(program, arrays, referenceExecutor());
  const named = [arrays, results].flatMap((list, i) =>
    list.map((array, k): [string, HostArray] => [`${i === 0 ? "input" : "output"}.${k}`, array]),
  );
  return { name, model: onnxModel(program).bytes, tensors: new Map(named) };
}

/** Loss, gradients and AdamW (Loshchilov and Hutter 2019) of a two-layer language model with dropout, as one program. */
const trainingStep: OpCase = {
  name: "training step",
  inputs: [
    floats([11, 8], { seed: 1, range: [-0.5, 0.5] }),
    floats([8, 11], { seed: 2, range: [-0.5, 0.5] }),
    floats([11, 8], { seed: 3, range: [0, 0.1] }),
    floats([8, 11], { seed: 4, range: [0, 0.1] }),
    integers([3, 5], { range: [0, 10], seed: 5 }),
    integers([3, 5], { range: [0, 10], seed: 6 }),
    numbers([1, 2], [2], { dtype: "uint32" }),
  ],
  apply: (table, head, tableMoment, headMoment, ids, targets, words) => {
    const loss = (weights: { table: Tensor; head: Tensor }) => {
      const hidden = dropout(gelu(gather(weights.table, ids!)), 0.1, new RandomKey(words!).derive("hidden"));
      return crossEntropy(matmul(hidden, weights.head), targets!);
    };
    const [value, slopes] = valueAndGrad(loss)({ table: table!, head: head! });
    const update = (weight: Tensor, slope: Tensor, moment: Tensor) => {
      const second = add(mul(moment, 0.99), mul(mul(slope, slope), 0.01));
      return [sub(mul(weight, 0.999), mul(div(slope, add(sqrt(second), 1e-8)), 0.01)), second];
    };
    return [value, ...update(table!, slopes.table, tableMoment!), ...update(head!, slopes.head, headMoment!)];
  },
};

const width = 8;
const heads = 2;

/** [batch, sequence, 8] → the same, with sizes known only when it runs. */
const transformerBlock: OpCase = {
  name: "transformer block",
  inputs: [
    floats([2, 5, width], { recordedShape: ["batch", "sequence", width] }),
    floats([width, 3 * width], { seed: 2, range: [-0.5, 0.5] }),
    floats([width, width], { seed: 3, range: [-0.5, 0.5] }),
    floats([width], { seed: 4 }),
    floats([width], { seed: 5 }),
  ],
  apply: (x, mixIn, mixOut, scale, shift) => {
    const split = (y: Tensor) => transpose(reshape(y, ["batch", "sequence", heads, width / heads]), [0, 2, 1, 3]); // [B, H, T, D]
    const mixed = matmul(layerNorm(x!, scale!, shift!), mixIn!);
    const [q, k, v] = [0, 1, 2].map((part) => split(mixed.slice(-1, part * width, (part + 1) * width)));
    const seen = transpose(attention(q!, k!, v!, { causal: true }), [0, 2, 1, 3]);
    return add(x!, matmul(reshape(seen, ["batch", "sequence", width]), mixOut!));
  },
};
