// The ONNX files that ONNX's own checker and runtime accepted (tools/fixtures/check_onnx.py) are what we write today.
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { ShapeError, UnsupportedOpError } from "../../errors.ts";
import { makeNode } from "../../graph.ts";
import { iota, placeholder } from "../../ops/create.ts";
import { add } from "../../ops/elementwise.ts";
import { fusedOps, primitiveOps } from "../../ops/index.ts";
import { makeProgram } from "../../program.ts";
import { parseSafetensors } from "../../safetensors.ts";
import { describeDifference } from "../../testing/toBeAllclose.ts";
import { onnxModel } from "./onnxModel.ts";
import { type OnnxSample, onnxSamples } from "./onnxSamples.cases.ts";

const names = [
  "elementwise",
  "movement",
  "reduce",
  "gather",
  "fused",
  "functional",
  "trainingStep",
  "transformerBlock",
];

describe("samples", () => {
  let samples: OnnxSample[];
  beforeAll(async () => {
    samples = await onnxSamples();
  });

  it.each(names)("%s is byte-equal to the file that was checked", async (name) => {
    const { model, tensors } = samples.find((sample) => sample.name === name)!;
    const committed = (extension: string) => readFile(new URL(`../__fixtures__/${name}.${extension}`, import.meta.url));
    const again = "(after a change of lowerings: run packages/tensor/test/writeOnnxSamples.ts, then check_onnx.py)";
    expect(Buffer.compare(model, await committed("onnx")), again).toBe(0);
    // Engines differ in the last bit of sin and pow.
    const stored = parseSafetensors(await committed("safetensors"));
    expect([...stored.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [key, array] of tensors) expect(describeDifference(array, stored.get(key)!)).toBeUndefined();
  });

  it("are all there", () => {
    expect(samples.map(({ name }) => name)).toEqual(names);
  });
});

describe("onnxModel", () => {
  const x = placeholder("x", "float32", ["batch", 2]);

  it("keeps the node behind each name it writes", () => {
    const { origins, inputNames, outputNames } = onnxModel(makeProgram([x], [add(x, x)]));
    expect(inputNames).toEqual(["input.0"]);
    expect(outputNames).toHaveLength(1);
    expect([...origins.values()].map(({ op }) => op.name)).toContain("add");
  });

  it("refuses a size that no input gives", () => {
    const program = makeProgram([x], [iota("sequence")]);
    expect(() => onnxModel(program)).toThrow(ShapeError);
    expect(() => onnxModel(program)).toThrow('dimension "sequence": no input of the program has an axis "sequence"');
  });

  it("refuses an op without a lowering", () => {
    const op = { name: "secret", infer: () => x, vjp: "zero" as const, reference: () => {} };
    const [output] = makeNode(op, [x], {}, [x]).outputs;
    expect(() => onnxModel(makeProgram([x], [output!]))).toThrow(UnsupportedOpError);
    expect(() => onnxModel(makeProgram([x], [output!]))).toThrow("secret: the onnx executor has no lowering for it");
  });
});

it("lists each op once", () => {
  const all = [...primitiveOps, ...fusedOps].map(({ name }) => name);
  expect(new Set(all).size).toBe(all.length);
});
