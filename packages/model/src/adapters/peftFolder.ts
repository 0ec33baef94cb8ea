// Adapters on disk in PEFT's format: adapter_config.json and adapter_model.safetensors. PEFT opens what is written here.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fromNumbers, isFloat, type Tensor, tensor, toNumbers } from "@llm/tensor";
import { replaceFile } from "@llm/tensor/replaceFile";
import { openSafetensors, type SafetensorsFile, writeSafetensors } from "@llm/tensor/safetensors";
import { namedParameters } from "../checkpoint.ts";
import { ModelError } from "../errors.ts";
import { Embedding } from "../layers/embedding.ts";
import type { PretrainedModel } from "../model.ts";
import { findParts, replaceParts } from "../replaceParts.ts";
import { type Adapted, adapterConfig, isAdapterParameter } from "./adapterConfig.ts";
import { type AdaptableLinear, isAdaptable, isAdaptableEmbedding } from "./adapterLayer.ts";
import { withIa3 } from "./ia3.ts";
import { Ia3Linear } from "./ia3Linear.ts";
import { type LoraLayer, withLora } from "./lora.ts";
import { LoraEmbedding } from "./loraEmbedding.ts";
import { LoraLinear } from "./loraLinear.ts";
import { type PeftAdapter, type PeftNames, peftConfigOf, readPeftConfig } from "./peftConfig.ts";
import { trainedTied } from "./targets.ts";
import { isTrainable, type TrainableLayer, type TrainedLayer, trainedLayer, withWeights } from "./trainedLayer.ts";

const configFile = "adapter_config.json";
const weightsFile = "adapter_model.safetensors";
/** Before every name in PEFT's files: the classes that it wraps around a model. */
const prefix = "base_model.model.";

/**
 * Writes a model's adapter, without the model, into `folder` (made if missing). Each file appears whole or not at all.
 * @throws ModelError for a model without adapter.
 *
 * @example
 * await saveAdapter(adapted, "runs/adapter", { baseModel: "openai-community/gpt2", taskType: "CAUSAL_LM" });
 */
export async function saveAdapter(model: PretrainedModel, folder: string, names: PeftNames = {}): Promise<void> {
  const config = adapterConfig(model);
  if (!config) throw new ModelError("saveAdapter: the model has no adapter (applyLora or applyIa3 gives it one)");
  await mkdir(folder, { recursive: true });
  const tables = findParts(model, (part): part is LoraEmbedding => part instanceof LoraEmbedding && part.storesBase);
  const entries = [...namedParameters(model)].flatMap(([name, parameter]) => {
    if (!isAdapterParameter(name) && !tables.has(name.replace(/\.base_layer\.weight$/, ""))) return [];
    const { dtype, shape } = parameter as Tensor & { shape: readonly number[] };
    const stored = prefix + name.replace(".modules_to_save.", ".");
    return [[stored, { dtype, shape, data: () => parameter.data() }] as const];
  });
  await writeSafetensors(join(folder, weightsFile), entries, { metadata: { format: "pt" } });
  const text = `${JSON.stringify(peftConfigOf(model, config, names), undefined, 2)}\n`;
  await replaceFile(join(folder, configFile), (file) => file.writeFile(text));
}

/**
 * The model with the adapter of `folder`, as PEFT or `saveAdapter` wrote it. The given model, which may be quantised, stays as it is.
 * Weights in 16 bits are widened to float32.
 * @throws ModelError for an adapter of another kind or another model: tensors without a place, missing or misshapen are listed.
 *
 * @example
 * const adapted = await loadAdapter(await loadModel("gpt2"), "runs/adapter");
 */
export async function loadAdapter<M extends PretrainedModel>(model: M, folder: string): Promise<Adapted<M>> {
  if (adapterConfig(model)) {
    throw new ModelError(
      "loadAdapter: the model has an adapter already (merge it with mergeAdapter, or use removeAdapter)",
    );
  }
  const peft = await readConfig(join(folder, configFile));
  await using file = await openWeights(join(folder, weightsFile));
  const weights = await readWeights(file);
  const fitting = new Fitting(model, weights, peft);
  const lora = fitting.loraLayers();
  const ia3 = fitting.ia3Layers();
  const trained = fitting.trainedLayers();
  fitting.check(file.path);
  const base = replaceParts(model, (_, path) => trained.get(path));
  return peft.config.kind === "lora" ? withLora(base, lora, peft.config) : withIa3(base, ia3);
}

async function readConfig(path: string): Promise<PeftAdapter> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new ModelError(`loadAdapter: ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return readPeftConfig(path, (json ?? {}) as Record<string, unknown>);
}

async function openWeights(path: string): Promise<SafetensorsFile> {
  try {
    return await openSafetensors(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new ModelError(
      `loadAdapter: ${path} is missing (adapter_model.bin is not read: save it with PEFT's save_pretrained, which writes safetensors)`,
      { cause: error },
    );
  }
}

/** Float32 tensors by their names without PEFT's prefix. */
async function readWeights(file: SafetensorsFile): Promise<Map<string, Tensor>> {
  const weights = new Map<string, Tensor>();
  for (const name of file.names) {
    const { dtype, shape, data } = await file.read(name);
    if (!isFloat(dtype)) throw new ModelError(`loadAdapter: ${file.path}: ${name} must be a float, got ${dtype}`);
    const numbers = dtype === "float32" ? data : fromNumbers("float32", toNumbers(dtype, data));
    weights.set(
      name.startsWith(prefix) ? name.slice(prefix.length) : name,
      tensor(numbers, { dtype: "float32", shape }),
    );
  }
  return weights;
}

/** Finds the place of each tensor of an adapter in a model, and remembers what does not fit. */
class Fitting {
  readonly #layers: ReadonlyMap<string, AdaptableLinear>;
  readonly #embeddings: ReadonlyMap<string, Embedding>;
  readonly #trainable: ReadonlyMap<string, TrainableLayer>;
  readonly #tied: Embedding | undefined;
  readonly #weights: ReadonlyMap<string, Tensor>;
  readonly #peft: PeftAdapter;
  readonly #used = new Set<string>();
  readonly #problems: string[] = [];

  constructor(model: PretrainedModel, weights: ReadonlyMap<string, Tensor>, peft: PeftAdapter) {
    this.#layers = findParts(model, isAdaptable);
    this.#embeddings = findParts(model, isAdaptableEmbedding);
    this.#trainable = findParts(model, isTrainable);
    this.#tied = model.tiedEmbedding;
    this.#weights = weights;
    this.#peft = peft;
  }

  loraLayers(): Map<string, LoraLayer> {
    const found = new Map<string, LoraLayer>();
    const { config } = this.#peft;
    if (config.kind !== "lora") return found;
    for (const [path, own] of this.#embeddings) {
      if (!this.#weights.has(`${path}.lora_embedding_A`)) continue;
      const [rows, width] = own.weight.shape as [number, number];
      const rank = this.#weights.get(`${path}.lora_embedding_A`)!.shape[0] as number;
      const down = this.#take(`${path}.lora_embedding_A`, [rank, rows]);
      const up = this.#take(`${path}.lora_embedding_B`, [width, rank]);
      const storesBase = this.#weights.has(`${path}.base_layer.weight`);
      const base = storesBase ? this.#take(`${path}.base_layer.weight`, [rows, width]) : own.weight;
      if (!down || !up || !base) continue;
      const settings = { ...config, alpha: this.#peft.alphaOf(path), storesBase };
      found.set(path, new LoraEmbedding(new Embedding(base), { down, up }, settings));
    }
    for (const [path, base] of this.#layersWith(".lora_A.weight")) {
      const [inputs, outputs] = base.size;
      const rank = this.#weights.get(`${path}.lora_A.weight`)!.shape[0] as number;
      const down = this.#take(`${path}.lora_A.weight`, [rank, inputs]);
      const up = this.#take(`${path}.lora_B.weight`, [outputs, rank]);
      const magnitude = config.useDora ? this.#take(`${path}.lora_magnitude_vector`, [outputs]) : undefined;
      if (!down || !up) continue;
      found.set(path, new LoraLinear(base, { down, up, magnitude }, { ...config, alpha: this.#peft.alphaOf(path) }));
    }
    return found;
  }

  ia3Layers(): Map<string, Ia3Linear> {
    const found = new Map<string, Ia3Linear>();
    if (this.#peft.config.kind !== "ia3") return found;
    for (const [path, base] of this.#layersWith(".ia3_l")) {
      const [inputs, outputs] = base.size;
      const scalesInputs = this.#weights.get(`${path}.ia3_l`)!.shape[0] === 1 && outputs !== 1;
      const factors = this.#take(`${path}.ia3_l`, scalesInputs ? [1, inputs] : [outputs, 1]);
      if (factors) found.set(path, new Ia3Linear(base, factors, { scalesInputs }));
    }
    return found;
  }

  trainedLayers(): Map<string, TrainedLayer> {
    const found = new Map<string, TrainedLayer>();
    for (const [path, layer] of this.#trainable) {
      if (!this.#weights.has(`${path}.weight`)) continue;
      // A layer, or a part of the model with layers inside.
      const isTrained = this.#peft.modulesToSave.some((name) => `.${path}.`.includes(`.${name}.`));
      if (!isTrained) continue;
      const trained = this.#trained(path, layer);
      if (layer === this.#tied) this.#problems.push(`${path} ${trainedTied}`);
      if (trained) found.set(path, trainedLayer(trained));
    }
    return found;
  }

  /** Throws where something of the file has no place, or the model's layers lack something. */
  check(file: string): void {
    const unexpected = [...this.#weights.keys()].filter((name) => !this.#used.has(name));
    const problems = [...this.#problems, ...unexpected.map((name) => `no layer of the model for: ${name}`)];
    if (problems.length === 0 && this.#used.size > 0) return;
    const shown = problems.slice(0, 20).join("\n  ") || "it holds no tensors";
    throw new ModelError(`loadAdapter: ${file} does not fit the model (${problems.length} tensors):\n  ${shown}`);
  }

  #trained(path: string, layer: TrainableLayer): TrainableLayer | undefined {
    const weight = this.#take(`${path}.weight`, layer.weight.shape as readonly number[]);
    const own = "bias" in layer ? layer.bias : undefined;
    const bias = own && this.#take(`${path}.bias`, own.shape as readonly number[]);
    return weight && withWeights(layer, weight, bias);
  }

  #layersWith(suffix: string): [string, AdaptableLinear][] {
    return [...this.#layers].filter(([path]) => this.#weights.has(path + suffix));
  }

  #take(name: string, shape: readonly number[]): Tensor | undefined {
    const found = this.#weights.get(name);
    this.#used.add(name);
    if (found && String(found.shape) === String(shape)) return found;
    this.#problems.push(found ? `${name}: expected [${shape}], got [${found.shape}]` : `missing: ${name}`);
    return undefined;
  }
}
