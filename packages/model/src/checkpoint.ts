// A model as a Hugging Face folder: config.json, model.safetensors, generation_config.json. transformers opens what is written here.
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  byteSize,
  flattenTensors,
  fromNumbers,
  type HostArray,
  isFloat,
  mapTensors,
  type Tensor,
  tensor,
  toNumbers,
} from "@llm/tensor";
import { openSafetensors, type SafetensorsFile, writeSafetensors } from "@llm/tensor/safetensors";
import { ModelError } from "./errors.ts";
import type { CausalLanguageModel } from "./model.ts";
import { architectures } from "./models/index.ts";
import { prepareQuantized, quantizationConfig } from "./quantization.ts";

const weightsFile = "model.safetensors";

/** Parameters under their names in the checkpoint. */
export function namedParameters(model: CausalLanguageModel): Map<string, Tensor> {
  return new Map(flattenTensors(model).map(({ path, tensor }) => [path, tensor]));
}

/** Number of elements in all parameters; tied ones count once. */
export function parameterCount(model: CausalLanguageModel): number {
  return flattenTensors(model).reduce((total, { tensor }) => total + elementsOf(tensor), 0);
}

/** Bytes of all parameters. */
export function parameterBytes(model: CausalLanguageModel): number {
  return flattenTensors(model).reduce((total, { tensor }) => total + elementsOf(tensor) * byteSize(tensor.dtype), 0);
}

function elementsOf({ shape }: Tensor): number {
  return (shape as readonly number[]).reduce((a, b) => a * b, 1);
}

/** Writes the model into `folder` (made if missing). Each file appears whole or not at all. */
export async function saveModel(model: CausalLanguageModel, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const entries = [...namedParameters(model)].map(
    ([name, parameter]) =>
      [
        name,
        { dtype: parameter.dtype, shape: parameter.shape as readonly number[], data: () => parameter.data() },
      ] as const,
  );
  await writeSafetensors(join(folder, weightsFile), entries, { metadata: { format: "pt" } });
  const config = { ...model.toConfigJson(), ...quantizationConfig(model) };
  await writeJson(join(folder, "config.json"), config);
  await writeJson(join(folder, "generation_config.json"), {
    bos_token_id: config.bos_token_id ?? null,
    eos_token_id: config.eos_token_id ?? null,
  });
}

async function writeJson(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(value, undefined, 2)}\n`, { flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Loads a model from a Hugging Face folder (of the `model_type`s in models/index.ts). Weights stored as float16 or bfloat16 are
 * widened to float32. Throws a `ModelError` that lists missing, unexpected and misshapen tensors.
 *
 * @example
 * const model = await loadModel("runs/quickstart/model");
 */
export async function loadModel(folder: string): Promise<CausalLanguageModel> {
  const json = await readConfig(folder);
  const type = String(json.model_type);
  if (!Object.hasOwn(architectures, type)) {
    throw new ModelError(
      `${join(folder, "config.json")}: model_type ${JSON.stringify(json.model_type)} is not one of ${Object.keys(architectures).join(", ")}`,
    );
  }
  return loadWeights(prepareQuantized(architectures[type]!(json), json), folder);
}

/**
 * The model with the weights of `folder`/model.safetensors in place of its own; `model` itself stays as it is. For a model of a
 * class that `loadModel` does not know. Throws as `loadModel` does.
 */
export async function loadWeights<M extends CausalLanguageModel>(model: M, folder: string): Promise<M> {
  await using file = await openWeights(folder);
  return await fill(model, file);
}

async function readConfig(folder: string): Promise<Record<string, unknown>> {
  const path = join(folder, "config.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new ModelError(`loadModel: ${path} cannot be read: expected a folder with config.json and ${weightsFile}`, {
      cause: error,
    });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ModelError(`loadModel: ${path} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new ModelError(`loadModel: ${path}: expected a JSON object, got ${text.trim().slice(0, 40)}`);
  }
  return json as Record<string, unknown>;
}

async function openWeights(folder: string): Promise<SafetensorsFile> {
  const path = join(folder, weightsFile);
  try {
    return await openSafetensors(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new ModelError(
      `loadModel: ${path} is missing (PyTorch .bin files are not read: convert them with transformers' save_pretrained(safe_serialization=True))`,
      { cause: error },
    );
  }
}

/** Attention masks that older files carry as if they were weights. */
const ignoredNames = /\.attn\.(bias|masked_bias)$/;

async function fill<M extends CausalLanguageModel>(model: M, file: SafetensorsFile): Promise<M> {
  const names = storedNames(model, file);
  const arrays = new Map<string, HostArray>();
  for (const [parameter, stored] of names) arrays.set(parameter, widened(await file.read(stored)));
  return mapTensors(model, (_, path) => {
    const { dtype, shape, data } = arrays.get(path)!;
    return tensor(data, { dtype, shape });
  });
}

/** For each parameter its name in the file; the published gpt2 has no "transformer." before its names. */
function storedNames(model: CausalLanguageModel, file: SafetensorsFile): Map<string, string> {
  const names = new Map<string, string>();
  const problems: string[] = [];
  for (const [path, parameter] of namedParameters(model)) {
    const stored = [path, path.replace(/^transformer\./, "")].find((name) => file.has(name));
    if (stored === undefined) {
      problems.push(`missing: ${path}`);
      continue;
    }
    names.set(path, stored);
    const { dtype, shape } = file.entry(stored);
    const fits = isFloat(parameter.dtype) ? isFloat(dtype) : dtype === parameter.dtype;
    if (!fits || String(shape) !== String(parameter.shape)) {
      problems.push(`${stored}: expected ${parameter.dtype}[${parameter.shape}], got ${dtype}[${shape}]`);
    }
  }
  const used = new Set(names.values());
  const tied = "lm_head.weight";
  for (const name of file.names)
    if (!used.has(name) && !ignoredNames.test(name) && name !== tied) problems.push(`unexpected: ${name}`);
  if (problems.length > 0) {
    const shown = problems.slice(0, 20).join("\n  ");
    throw new ModelError(`${file.path} does not fit config.json (${problems.length} tensors):\n  ${shown}`);
  }
  return names;
}

function widened(array: HostArray): HostArray {
  if (array.dtype !== "float16" && array.dtype !== "bfloat16") return array;
  return { dtype: "float32", shape: array.shape, data: fromNumbers("float32", toNumbers(array.dtype, array.data)) };
}
