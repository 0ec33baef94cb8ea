import { describe, expect, it } from "vitest";
import { checkProgram } from "./checkProgram.ts";
import { makeNode, type Program } from "./graph.ts";
import { placeholder, tensor } from "./ops/create.ts";
import { add, addOp, exp } from "./ops/elementwise.ts";
import { makeProgram } from "./program.ts";

const x = placeholder("x", "float32", [2]);
const y = exp(x);
const good = makeProgram([x], [add(y, y)]);

const illegal: [string, Program, string][] = [
  [
    "nodes out of order",
    { ...good, nodes: good.nodes.toReversed() },
    "add(float32[2], float32[2]) breaks the rule that its inputs are program inputs or values of earlier nodes",
  ],
  [
    "a missing input",
    makeProgram([], [y]),
    "placeholder() breaks the rule that it can run (a placeholder must be one of the program's inputs)",
  ],
  [
    "an output that is not computed",
    { ...good, nodes: good.nodes.slice(0, 1) },
    "an output, float32[2], is not computed by the program",
  ],
  ["an input listed twice", { ...good, inputs: [x, x] }, "an input is listed twice"],
  [
    "a type that the op does not give",
    makeProgram([x], makeNode(addOp as never, [x, x], {}, [{ dtype: "int32", shape: [2] }]).outputs),
    "add(float32[2], float32[2]) breaks the rule that its output types are what its op infers",
  ],
  [
    "an op without meaning",
    makeProgram([x], makeNode({ name: "none", infer: () => x, vjp: "zero" }, [x], {}, [x]).outputs),
    "none(float32[2]) breaks the rule that it has a kernel or a composition",
  ],
  [
    "stored data",
    makeProgram([x], [add(x, tensor([1, 2]))]),
    "add(float32[2], float32[2]) breaks the rule that its inputs are program inputs or values of earlier nodes",
  ],
];

describe("checkProgram", () => {
  it("accepts a legal program", () => {
    checkProgram(good);
    checkProgram(makeProgram([x], [x]));
  });

  it.each(illegal)("finds %s", (_, program, message) => {
    expect(() => checkProgram(program)).toThrow(`checkProgram: ${message}`.trimEnd());
  });
});
