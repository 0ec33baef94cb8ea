import { describe, expect, it } from "vitest";
import { describeMachine, inspectMachine, type Machine, vectorInstructions } from "./inspectMachine.ts";

const machine: Machine = {
  platform: "linux-x64",
  node: "20.19.0",
  processor: { model: "Example 1000", threads: 2, simd: ["avx2", "fma"] },
  memory: { total: 8 * 2 ** 30, free: 2 ** 30 },
  graphics: [{ vendor: "AMD", discrete: true, memory: 16 * 2 ** 30 }],
  packages: [
    { name: "onnxruntime-node", version: "1.30.0" },
    { name: "@tensorflow/tfjs", version: undefined },
  ],
  providers: [
    { name: "cpu", available: true },
    { name: "webgpu", available: true, note: "on a software Vulkan driver: for tests, slower than cpu" },
    { name: "cuda", available: false, reason: "no NVIDIA driver is loaded" },
  ],
};

describe("inspectMachine", () => {
  it("finds the processor, the packages and a provider that works", async () => {
    const found = await inspectMachine();
    expect(found.node).toBe(process.versions.node);
    expect(found.processor.threads).toBeGreaterThan(0);
    expect(found.memory.total).toBeGreaterThan(found.memory.free);
    expect(found.packages.find(({ name }) => name === "onnxruntime-node")!.version).toMatch(/^1\./);
    expect(found.providers.find(({ name }) => name === "cpu")!.available).toBe(true);
  });

  it("reads vector instructions from what the system lists", () => {
    expect(vectorInstructions(() => " fpu sse4_2 avx2 avx512f fma avx2")).toEqual(["avx2", "avx512f", "fma", "sse4_2"]);
    expect(vectorInstructions(() => "fp asimd evtstrm i8mm")).toEqual(["asimd", "i8mm"]);
    expect(vectorInstructions(() => "AVX1.0 FMA MMX")).toEqual(["avx1.0", "fma"]);
    expect(vectorInstructions(() => "")).toEqual([]);
  });
});

it("describes a machine, one fact a line", () => {
  expect(describeMachine(machine)).toBe(
    [
      "platform             linux-x64, Node 20.19.0",
      "processor            Example 1000, 2 threads for this process",
      "vector instructions  avx2 fma",
      "memory               8.0 GB, 1.0 GB free",
      "graphics             AMD (discrete, 16.0 GB)",
      "onnxruntime-node     1.30.0",
      "@tensorflow/tfjs     not installed",
      "provider cpu         available",
      "provider webgpu      available (on a software Vulkan driver: for tests, slower than cpu)",
      "provider cuda        not available: no NVIDIA driver is loaded",
    ].join("\n"),
  );
});
