import * as ort from "onnxruntime-node";
import { expect, it } from "vitest";
import { ExecutionError } from "../../errors.ts";
import { placeholder } from "../../ops/create.ts";
import { add, mul } from "../../ops/elementwise.ts";
import { makeProgram } from "../../program.ts";
import { onnxModel } from "./onnxModel.ts";
import { doneOutput, runInPlace } from "./outputsInPlace.ts";

const x = placeholder("x", "float32", [3]);
const model = onnxModel(makeProgram([x], [mul(x, 2), add(x, 1)]), { outputsInPlace: true });
const input = { [model.inputNames[0]!]: new ort.Tensor("float32", Float32Array.of(1, 2, 3), [3]) };

it("leaves the results in the arrays it was given", async () => {
  const session = await ort.InferenceSession.create(model.bytes);
  const [twice, more] = [new Float32Array(3), new Float32Array(3)];
  const outputs = Object.fromEntries(
    [twice, more].map((data, i) => [model.outputNames[i]!, new ort.Tensor("float32", data, [3])]),
  );
  const results = await runInPlace(ort, session, input, outputs);
  expect(results[model.outputNames[0]!]!.data).toBe(twice);
  expect([...twice, ...more]).toEqual([2, 4, 6, 2, 3, 4]);
  await session.release();
});

it("passes on what goes wrong", async () => {
  const failing = (message: string) =>
    ({ run: () => Promise.reject(new Error(message)) }) as unknown as ort.InferenceSession;
  await expect(runInPlace(ort, failing("out of memory"), {}, {})).rejects.toThrow("out of memory");
  // The reason that is expected, but before anything ran.
  const unwritten = runInPlace(ort, failing("Non tensor type is not supported."), {}, {});
  await expect(unwritten).rejects.toThrow(ExecutionError);
  await expect(unwritten).rejects.toThrow("left its outputs unwritten");
});

it("takes the results of a binding that converts every output", async () => {
  const made = new ort.Tensor("float32", Float32Array.of(9), [1]);
  const session = { run: async () => ({ y: made, [doneOutput]: made }) } as unknown as ort.InferenceSession;
  const outputs = { y: new ort.Tensor("float32", new Float32Array(1), [1]) };
  expect((await runInPlace(ort, session, {}, outputs)).y).toBe(made);
});
