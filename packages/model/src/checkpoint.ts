// A model as a Hugging Face folder: config.json, model.safetensors (or several with an index), generation_config.json. transformers
// opens what is written here.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  byteSize,
  type DType,
  flattenTensors,
  fromNumbers,
  type HostArray,
  isFloat,
  mapTensors,
  type Tensor,
  tensor,
  toNumbers,
} from "@llm/tensor";
import { replaceFile } from "@llm/tensor/replaceFile";
import type { NamedArraySource } from "@llm/tensor/safetensors";
import { isAdapterParameter } from "./adapters/adapterConfig.ts";
import { ModelError } from "./errors.ts";
import type { CausalLanguageModel, PretrainedModel } from "./model.ts";
import { architectures } from "./models/index.ts";
import { prepareQuantized, quantizationConfig } from "./quantization.ts";
import { openWeights, type WeightFiles, writeWeights } from "./weightFiles.ts";

/** Parameters under their names in the checkpoint. */
export function namedParameters(model: PretrainedModel): Map<string, Tensor> {
  return new Map(flattenTensors(model).map(({ path, tensor }) => [path, tensor]));
}

/** Number of elements in all parameters; tied ones count once. */
export function parameterCount(model: PretrainedModel): number {
  return flattenTensors(model).reduce((total, { tensor }) => total + elementsOf(tensor), 0);
}

/** Bytes of all parameters. */
export function parameterBytes(model: PretrainedModel): number {
  return flattenTensors(model).reduce((total, { tensor }) => total + elementsOf(tensor) * byteSize(tensor.dtype), 0);
}

function elementsOf({ shape }: Tensor): number {
  return (shape as readonly number[]).reduce((a, b) => a * b, 1);
}

export interface SaveModelOptions {
  /** How float32 parameters are stored; half the size in 16 bits. Default `"float32"`. */
  readonly dtype?: "float32" | "float16" | "bfloat16";
  /** Weights beyond it go to several files. Default 50e9, as transformers. */
  readonly maximumFileBytes?: number;
}

/**
 * Writes the model into `folder` (made if missing). Each file appears whole or not at all.
 * @throws ModelError for 16 bits asked of a quantised model, whose scales need float32, and options outside their limits.
 */
export async function saveModel(
  model: PretrainedModel,
  folder: string,
  { dtype = "float32", maximumFileBytes = 50e9 }: SaveModelOptions = {},
): Promise<void> {
  const config = { ...model.toConfigJson(), ...quantizationConfig(model) };
  if (dtype !== "float32" && config.quantization_config) {
    throw new ModelError(`saveModel: a quantised model is stored as it is, got dtype "${dtype}" (leave it out)`);
  }
  if (!["float32", "float16", "bfloat16"].includes(dtype)) {
    throw new ModelError(`saveModel: dtype must be "float32", "float16" or "bfloat16", got "${dtype}"`);
  }
  if (!(maximumFileBytes > 0)) {
    throw new ModelError(`saveModel: maximumFileBytes must be a number above 0, got ${maximumFileBytes}`);
  }
  await mkdir(folder, { recursive: true });
  const entries = [...namedParameters(model)].map(([name, parameter]) => [name, stored(parameter, dtype)] as const);
  await writeWeights(folder, entries, { maximumFileBytes });
  await writeJson(join(folder, "config.json"), { ...config, dtype });
  if (!("eos_token_id" in config)) return; // an encoder generates nothing
  await writeJson(join(folder, "generation_config.json"), {
    bos_token_id: config.bos_token_id ?? null,
    eos_token_id: config.eos_token_id ?? null,
    ...("decoder_start_token_id" in config
      ? { pad_token_id: config.pad_token_id, decoder_start_token_id: config.decoder_start_token_id }
      : {}),
  });
}

function stored(parameter: Tensor, dtype: DType): NamedArraySource {
  const shape = parameter.shape as readonly number[];
  if (parameter.dtype !== "float32" || dtype === "float32") {
    return { dtype: parameter.dtype, shape, data: () => parameter.data() };
  }
  return { dtype, shape, data: async () => fromNumbers(dtype, (await parameter.data()) as Float32Array) };
}

/** Fields that transformers declares as floats and of which it refuses whole numbers, as JavaScript writes 1.0. */
const wholeFloats = /^( {2}"(?:initializer_(?:factor|range)|layer_norm_eps(?:ilon)?|rms_norm_eps)": \d+)(,?)$/gm;

async function writeJson(path: string, value: unknown): Promise<void> {
  const text = `${JSON.stringify(value, undefined, 2).replace(wholeFloats, "$1.0$2")}\n`;
  await replaceFile(path, (file) => file.writeFile(text));
}

/** A class of models that are not looked up by their `model_type` alone. */
export interface ModelClass<M extends PretrainedModel> {
  /** The model of a config.json, its parameters without elements; `stored` holds the names of the tensors in the files of weights. */
  fromConfigJson(json: Record<string, unknown>, stored: ReadonlySet<string>): M;
}

/**
 * Loads a model from a Hugging Face folder: a decoder by the `model_type`s in models/index.ts, or a model of the given class.
 * Weights stored as float16 or bfloat16 are widened to float32. Throws a `ModelError` that lists missing, unexpected and
 * misshapen tensors.
 *
 * @example
 * const model = await loadModel("runs/quickstart/model");
 * const classifier = await loadModel("runs/sentiment", BertForSequenceClassification);
 */
export async function loadModel(folder: string): Promise<CausalLanguageModel>;
export async function loadModel<M extends PretrainedModel>(folder: string, kind: ModelClass<M>): Promise<M>;
export async function loadModel(folder: string, kind?: ModelClass<PretrainedModel>): Promise<PretrainedModel> {
  const json = await readConfig(folder);
  if (!kind) return loadWeights(prepareQuantized(emptyDecoder(json, folder), json), folder);
  await using file = await openWeights(folder);
  return await fill(prepareQuantized(kind.fromConfigJson(json, new Set(file.names)), json), file, {});
}

function emptyDecoder(json: Record<string, unknown>, folder: string): CausalLanguageModel {
  const type = String(json.model_type);
  if (!Object.hasOwn(architectures, type)) {
    throw new ModelError(
      `${join(folder, "config.json")}: model_type ${JSON.stringify(json.model_type)} is not one of ${Object.keys(architectures).join(", ")} (BERT and T5 are loaded with their class: loadModel(folder, T5))`,
    );
  }
  return architectures[type]!(json);
}

export interface LoadWeightsOptions {
  /**
   * The folder may hold another head: parameters that it lacks keep their values, and tensors without a place here are passed
   * over. What both have must still fit. Default false.
   */
  readonly partial?: boolean;
  /**
   * Parameters of which the folder has another number of rows keep their values, too: the head of a classifier with other labels.
   * Default false, which throws.
   */
  readonly ignoreMismatchedSizes?: boolean;
}

/**
 * The model with the weights of `folder` in place of its own; `model` itself stays as it is. For a model of a class that
 * `loadModel` does not know, and with `partial` for fine-tuning: a fresh head on a trained encoder. Throws as `loadModel` does.
 *
 * @example
 * const fresh = new BertForSequenceClassification({ ...bertPresets["bert-base"], labels: ["bad", "good"] });
 * const classifier = await loadWeights(fresh, "bert-base-uncased", { partial: true });
 */
export async function loadWeights<M extends PretrainedModel>(
  model: M,
  folder: string,
  options: LoadWeightsOptions = {},
): Promise<M> {
  await using file = await openWeights(folder);
  return await fill(model, file, options);
}

async function readConfig(folder: string): Promise<Record<string, unknown>> {
  const path = join(folder, "config.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new ModelError(
      `loadModel: ${path} cannot be read: expected a folder with config.json and model.safetensors`,
      {
        cause: error,
      },
    );
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

/** Attention masks, positions, angles and, for T5, a bias that nothing reads, which older files carry as if they were weights. */
const unreadNames =
  /\.attn\.(bias|masked_bias)$|\.rotary_emb\.inv_freq$|\.position_ids$|\.EncDecAttention\.relative_attention_bias\.weight$/;

/** BERT's heads: published files hold those of the pre-training, whichever head or none is wanted of them. */
const otherHeads = /^(bert\.)?pooler\.dense\.(weight|bias)$|^(cls|classifier|qa_outputs)\./;

async function fill<M extends PretrainedModel>(model: M, file: WeightFiles, options: LoadWeightsOptions): Promise<M> {
  const names = storedNames(model, file, options);
  const arrays = new Map<string, HostArray>();
  for (const [parameter, stored] of names) arrays.set(parameter, widened(await file.read(stored)));
  return mapTensors(model, (own, path) => {
    const array = arrays.get(path);
    return array ? tensor(array.data, { dtype: array.dtype, shape: array.shape }) : own;
  });
}

/** What published files leave out before the names, where only the part below the output layer was saved. */
const optionalPrefix = /^(transformer|model|bert)\./;

/** Copies of the token embedding and of the bias beside it, under the names of the output layer and of T5's two stacks. */
const tiedNames = /^(lm_head\.weight|cls\.predictions\.decoder\.(weight|bias)|(en|de)coder\.embed_tokens\.weight)$/;

/** Under which names a file may hold a parameter: older files lack or add a prefix, and call norms' parameters gamma and beta. */
function possibleNames(path: string): string[] {
  const names = [path, path.replace(optionalPrefix, ""), `bert.${path}`];
  const older = names.map((name) =>
    name.replace(/\.LayerNorm\.weight$/, ".LayerNorm.gamma").replace(/\.LayerNorm\.bias$/, ".LayerNorm.beta"),
  );
  return [...names, ...older];
}

/** For each parameter its name in the file. */
function storedNames(
  model: PretrainedModel,
  file: WeightFiles,
  { partial = false, ignoreMismatchedSizes = false }: LoadWeightsOptions,
): Map<string, string> {
  const names = new Map<string, string>();
  const used = new Set<string>();
  const problems: string[] = [];
  for (const [path, parameter] of namedParameters(model)) {
    const stored = possibleNames(path).find((name) => file.has(name));
    if (stored === undefined) {
      if (!partial) problems.push(`missing: ${path}`);
      continue;
    }
    used.add(stored);
    const { dtype, shape } = file.entry(stored);
    const isOfType = isFloat(parameter.dtype) ? isFloat(dtype) : dtype === parameter.dtype;
    const isOfShape = String(shape) === String(parameter.shape);
    const hasOtherRows =
      shape.length === parameter.shape.length && String(shape.slice(1)) === String(parameter.shape.slice(1));
    if (isOfType && isOfShape) names.set(path, stored);
    else if (!(isOfType && hasOtherRows && ignoreMismatchedSizes)) {
      problems.push(`${stored}: expected ${parameter.dtype}[${parameter.shape}], got ${dtype}[${shape}]`);
    }
  }
  const isUnexpected = (name: string) =>
    !used.has(name) && ![unreadNames, otherHeads, tiedNames].some((known) => known.test(name));
  if (!partial) problems.push(...file.names.filter(isUnexpected).map((name) => `unexpected: ${name}`));
  if (problems.length > 0) {
    const shown = problems.slice(0, 20).join("\n  ");
    const advice = file.names.some(isAdapterParameter)
      ? "\nit holds an adapter beside its base: give a model the same one with applyLora or applyIa3, and read the weights with loadWeights"
      : "";
    throw new ModelError(`${file.path} does not fit config.json (${problems.length} tensors):\n  ${shown}${advice}`);
  }
  if (names.size === 0) {
    throw new ModelError(
      `${file.path} has none of the model's parameters (is it a checkpoint of another architecture?)`,
    );
  }
  return names;
}

function widened(array: HostArray): HostArray {
  if (array.dtype !== "float16" && array.dtype !== "bfloat16") return array;
  return { dtype: "float32", shape: array.shape, data: fromNumbers("float32", toNumbers(array.dtype, array.data)) };
}
