// Exports small models in every way there is, with what they compute beside them, to be checked by tools/fixtures/check_onnx.py:
//   node --import ./scripts/runFromSource.mjs --conditions=@llm/source tests/writeExportedModels.ts FOLDER
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { defaultExecutor, type ExportOnnxOptions, exportOnnx, flattenTensors, type Tensor } from "@llm/tensor";
import { writeSafetensors } from "@llm/tensor/safetensors";
import { exportedFamilies } from "./exportedFamilies.ts";
import { exportedModels } from "./exportedModels.ts";

const [folder] = process.argv.slice(2);
if (!folder) throw new Error("writeExportedModels: name the folder to write to");
await mkdir(folder, { recursive: true });

const ways: Record<string, ExportOnnxOptions> = {
  plain: { metadata: { purpose: "test" }, version: 3, description: "A small model" },
  standard: { opset: "standard" },
  external: { externalData: true },
};

async function entry(kind: string, name: string, x: Tensor) {
  return [`${kind}/${name}`, { dtype: x.dtype, shape: x.shape as number[], data: await x.data() }] as const;
}

for (const { name, recorded, runs, ...names } of [...(await exportedModels()), ...(await exportedFamilies())]) {
  for (const [way, options] of Object.entries(ways)) {
    const stem = join(folder, `${name}${way[0]!.toUpperCase()}${way.slice(1)}`);
    const { inputs, outputs } = await exportOnnx(recorded, `${stem}.onnx`, { ...options, ...names });
    for (const [i, { args, expected }] of runs.entries()) {
      const given = new Map<string | undefined, Tensor>();
      for (const { path, tensor } of flattenTensors(args)) {
        for (const known of [names.inputNames[path], path, path.replace(/^\d+\./, "")]) given.set(known, tensor);
      }
      const tensorAt = (input: string) => given.get(input)!;
      const results = flattenTensors(expected);
      await writeSafetensors(`${stem}${i === 0 ? "" : `.${i}`}.safetensors`, [
        ...(await Promise.all(inputs.map((input) => entry("inputs", input.name, tensorAt(input.name))))),
        ...(await Promise.all(outputs.map((output, k) => entry("outputs", output.name, results[k]!.tensor)))),
      ]);
    }
  }
}
await defaultExecutor().dispose();
