import { afterAll, expect, it } from "vitest";
import "../../fluent.ts";
import { compile } from "../../compile.ts";
import { scan } from "../../fused/scan.ts";
import { valueAndGrad } from "../../grad.ts";
import type { Program, Subprogram, Tensor } from "../../graph.ts";
import { constant } from "../../ops/create.ts";
import { randomTensor } from "../../testing/randomTensor.ts";
import { mapTensors } from "../../tree.ts";
import { onnxExecutor } from "../onnx.ts";
import { referenceExecutor } from "../reference.ts";
import { scansForCpu } from "./scansForCpu.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
afterAll(() => executor.dispose());

const weights = {
  up: randomTensor("up", [64, 256]),
  down: randomTensor("down", [256, 64]),
  scale: randomTensor("scale", [64]),
};
const batch = randomTensor("x", [4, 256, 64]);

/** The gradients of four parts of a batch added up, from zero or from `start`. */
function gradients(parameters: typeof weights, x: Tensor, start?: typeof weights) {
  const nothing = mapTensors(parameters, ({ shape }) => constant(0, "float32").broadcastTo(shape));
  const loss = ({ up, down, scale }: typeof weights, part: Tensor) =>
    part.matmul(up).relu().matmul(down).mul(scale.exp()).square().mean();
  const [sum] = scan(
    (sum: typeof weights, part: Tensor) => {
      const [, found] = valueAndGrad((given: typeof weights) => loss(given, part))(parameters);
      const { up, down, scale } = sum;
      return [{ up: up.add(found.up), down: down.add(found.down), scale: scale.add(found.scale) }, []] as const;
    },
    start ?? nothing,
    x,
  );
  return sum;
}

function bodyOf(program: Program): readonly string[] {
  const node = program.nodes.find(({ op }) => op.name === "scan")!;
  return (node.attributes.body as Subprogram).program.nodes.map(({ op }) => op.name);
}

it("moves out of a loop what its steps share, and transposes sums once", () => {
  const program = compile(gradients, { executor }).program(weights, batch);
  const faster = scansForCpu(program);
  expect(bodyOf(program)).toContain("exp");
  expect(bodyOf(faster)).not.toContain("exp");
  expect(bodyOf(faster)).not.toContain("transpose");
  // Of both weights before the loop, of the gradient of the larger product's second operand after it.
  const outside = faster.nodes.filter(({ op }) => op.name === "transpose");
  expect(outside.map(({ outputs }) => outputs[0]!.shape)).toEqual([
    [256, 64],
    [64, 256],
    [256, 64],
  ]);
  expect(faster.outputs.map(({ shape }) => shape)).toEqual(program.outputs.map(({ shape }) => shape));
});

it("leaves a loop of few steps its weights", () => {
  const program = compile(gradients, { executor }).program(weights, batch.slice(0, 0, 3));
  expect(scansForCpu(program).nodes.filter(({ op }) => op.name === "transpose")).toHaveLength(1);
});

it.each([
  ["zero", undefined],
  ["something", weights],
] as const)("adds up from %s what the reference does", async (_, start) => {
  const [found, expected] = await Promise.all(
    [executor, referenceExecutor()].map(async (on) => {
      const sums = await compile(gradients, { executor: on })(weights, batch, start);
      return Promise.all(Object.values(sums).map((sum) => sum.data()));
    }),
  );
  for (const [i, values] of expected!.entries()) {
    const want = Array.from(values, Number);
    const largest = Math.max(...want.map(Math.abs));
    const worst = want.reduce((most, x, k) => Math.max(most, Math.abs(x - Number(found![i]![k]))), 0);
    expect(worst).toBeLessThan(1e-5 * largest);
  }
});
