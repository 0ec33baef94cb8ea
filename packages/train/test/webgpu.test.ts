// Mixed precision on WebGPU: a whole loss curve against the CPU's in float32, and overflows that are skipped and counted. Skipped where
// the machine has no device for it.
import { listProviders, onnxExecutor } from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { noisyCurve } from "./noisyCurve.ts";

const webgpu = (await listProviders()).find(({ name }) => name === "webgpu")!;
const title = webgpu.available ? "training on webgpu" : `training on webgpu (skipped: ${webgpu.reason})`;
const device = onnxExecutor({ provider: "webgpu", thread: "main" });
const cpu = onnxExecutor({ thread: "main", threads: 1 });
afterAll(() => Promise.all([device.dispose(), cpu.dispose()]));

const lacksHalf = /requires f16 but the device does not support it/;

describe.skipIf(!webgpu.available)(title, () => {
  it.for(["float16", "bfloat16"] as const)(
    "in %s stay near float32's",
    { timeout: 240_000 },
    async (precision, { skip }) => {
      const exact = await noisyCurve({ executor: cpu });
      const low = await noisyCurve({ executor: device, precision }).catch((error: Error) => {
        if (!lacksHalf.test(error.message)) throw error;
        return skip("the device has no 16-bit shaders");
      });
      expect(low.skipped).toBe(0);
      const differences = low.losses.map((loss, step) => Math.abs(loss / exact.losses[step]! - 1));
      expect(Math.max(...differences)).toBeLessThan(0.01);
    },
  );

  it("skip and count injected overflows", { timeout: 240_000 }, async ({ skip }) => {
    const initialScale = 2 ** 30;
    const options = { executor: device, precision: "float16", lossScaling: { initialScale } } as const;
    const { losses, skipped } = await noisyCurve(options, 80).catch((error: Error) => {
      if (!lacksHalf.test(error.message)) throw error;
      return skip("the device has no 16-bit shaders");
    });
    expect(skipped).toBeGreaterThan(2);
    // Skipped steps leave the weights as they are, those after them learn.
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
  });
});
