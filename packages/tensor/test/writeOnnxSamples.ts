// Writes small programs as ONNX files with their inputs and outputs, to be checked by tools/fixtures/check_onnx.py:
//   node --import ./scripts/runFromSource.mjs --conditions=@llm/source packages/tensor/test/writeOnnxSamples.ts
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { onnxSamples } from "../src/executors/onnx/onnxSamples.cases.ts";
import { writeSafetensors } from "../src/safetensors.ts";

const folder = fileURLToPath(new URL("../src/executors/__fixtures__/", import.meta.url));
await mkdir(folder, { recursive: true });
for (const { name, model, tensors } of await onnxSamples()) {
  await writeFile(`${folder}${name}.onnx`, model);
  await writeSafetensors(`${folder}${name}.safetensors`, tensors);
}
