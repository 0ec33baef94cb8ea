import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { compile } from "../../compile.ts";
import { ExecutionError } from "../../errors.ts";
import "../../fluent.ts";
import type { Tensor } from "../../graph.ts";
import { tensor } from "../../ops/create.ts";
import { onnxExecutor } from "../onnx.ts";
import { chooseProvider, executionProviders, onnxProviders, tryProviders } from "./providers.ts";

/** One that onnxruntime-node has on no machine of this kind. */
const foreign = process.platform === "darwin" ? "directml" : "coreml";
const double = (executor: ReturnType<typeof onnxExecutor>) => compile((x: Tensor) => x.mul(2), { executor });

describe("onnxExecutor({ provider })", () => {
  it("says at the first use why a provider is missing, and what to do", async () => {
    const executor = onnxExecutor({ provider: foreign, thread: "main" });
    const failing = double(executor)(tensor([1]));
    await expect(failing).rejects.toThrow(ExecutionError);
    await expect(failing).rejects.toThrow(
      `onnx executor: provider "${foreign}" is not available: onnxruntime-node for ${process.platform}-${process.arch} is built ` +
        "without it (it has cpu",
    );
    await expect(failing).rejects.toThrow('(or use provider "cpu", or fallback: true)');
    await executor.dispose();
  });

  it("fails in the same way when something is uploaded, and from its worker", async () => {
    const executor = onnxExecutor({ provider: foreign });
    const upload = executor.upload({ dtype: "float32", shape: [1], data: Float32Array.of(1) });
    await expect(upload).rejects.toThrow(`provider "${foreign}" is not available`);
    await executor.dispose();
  });

  it.each([
    ["falls back only where asked to", { provider: foreign, fallback: true }],
    ["finds one that works", { provider: "auto" }],
    ["takes the CPU by name", { provider: "cpu" }],
  ] as const)("%s", async (_, options) => {
    const executor = onnxExecutor({ ...options, thread: "main" });
    expect(await (await double(executor)(tensor([1, 2]))).data()).toEqual(Float32Array.of(2, 4));
    await executor.dispose();
  });

  it("refuses a name that none has", () => {
    expect(() => onnxExecutor({ provider: "gpu" as never })).toThrow(
      'onnxExecutor: no provider is named "gpu" (auto, cpu, webgpu, cuda, tensorrt, coreml, directml)',
    );
  });
});

describe("trying the providers", () => {
  it("lists each with a reason where it does not work", async () => {
    const statuses = await tryProviders(ort);
    expect(statuses.map(({ name }) => name)).toEqual(onnxProviders);
    expect(statuses[0]).toEqual({ name: "cpu", available: true });
    for (const { available, reason } of statuses) expect(reason === undefined).toBe(available);
  });

  it("keeps ONNX Runtime's CPU kernels for what a provider lacks", () => {
    expect(executionProviders("directml")).toEqual(["dml", "cpu"]);
    expect(executionProviders("cpu")).toEqual(["cpu"]);
  });

  it("passes on what went wrong, without places in the runtime's sources", async () => {
    const broken = {
      ...ort,
      listSupportedBackends: () => [{ name: "dml", bundled: true }],
      InferenceSession: {
        create: () =>
          Promise.reject(new Error("/src/dml.cc:12 Create adapter == nullptr was false. No adapter found\n")),
      },
    } as unknown as typeof ort;
    await expect(chooseProvider(broken, "directml", false)).rejects.toThrow(
      'provider "directml" is not available: No adapter found (install the graphics driver, with DirectX 12)',
    );
  });

  it("does not believe a provider whose numbers are wrong", async () => {
    const session = { run: async () => ({ v0: { data: [2, 4, 6, 9] } }), release: async () => {} };
    const wrong = {
      ...ort,
      listSupportedBackends: () => [{ name: "coreml", bundled: true }],
      InferenceSession: { create: async () => session },
    } as unknown as typeof ort;
    await expect(chooseProvider(wrong, "coreml", false)).rejects.toThrow("a small program gave wrong numbers on it");
  });
});
