// The weights of a Hugging Face folder: one model.safetensors, or several files and model.safetensors.index.json that says which
// tensor is where.
import { readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { byteSize } from "@llm/tensor";
import { replaceFile } from "@llm/tensor/replaceFile";
import {
  type ArrayEntry,
  type NamedArray,
  type NamedArraySource,
  openSafetensors,
  type SafetensorsFile,
  writeSafetensors,
} from "@llm/tensor/safetensors";
import { ModelError } from "./errors.ts";

const singleFile = "model.safetensors";
const indexFile = "model.safetensors.index.json";
const shardName = /^model-\d{5}-of-\d{5}\.safetensors$/;

/** Open weights of a folder; tensors are read when asked for. */
export interface WeightFiles extends AsyncDisposable {
  /** The file, or the index of several. */
  readonly path: string;
  readonly names: readonly string[];
  has(name: string): boolean;
  entry(name: string): ArrayEntry;
  read(name: string): Promise<NamedArray>;
}

/** Opens a folder's weights: model.safetensors, or without it the files of its index. */
export async function openWeights(folder: string): Promise<WeightFiles> {
  const path = join(folder, singleFile);
  try {
    return await openSafetensors(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const shards = await openShards(folder);
    if (shards) return shards;
    throw new ModelError(
      `loadModel: ${path} is missing (PyTorch .bin files are not read: load them with transformers and write them with its save_pretrained)`,
      { cause: error },
    );
  }
}

async function openShards(folder: string): Promise<WeightFiles | undefined> {
  const path = join(folder, indexFile);
  const fileOf = await readIndex(path);
  if (!fileOf) return undefined;
  const files = new Map<string, SafetensorsFile>();
  const close = async () => {
    for (const file of files.values()) await file.close();
  };
  try {
    for (const name of new Set(fileOf.values())) files.set(name, await openShard(path, join(folder, name)));
    checkIndex(path, fileOf, files);
  } catch (error) {
    await close();
    throw error;
  }
  const holding = (name: string) => files.get(fileOf.get(name)!)!;
  return {
    path,
    names: [...fileOf.keys()],
    has: (name) => fileOf.has(name),
    entry: (name) => holding(name).entry(name),
    read: (name) => holding(name).read(name),
    [Symbol.asyncDispose]: close,
  };
}

/** Tensor name → file name; undefined where there is no index. */
async function readIndex(path: string): Promise<Map<string, string> | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  let map: unknown;
  try {
    map = (JSON.parse(text) as { weight_map?: unknown } | null)?.weight_map;
  } catch (error) {
    throw new ModelError(`loadModel: ${path} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  const entries = typeof map === "object" && map !== null ? Object.entries(map) : [];
  if (entries.length === 0) throw new ModelError(`loadModel: ${path}: expected a "weight_map" with tensor names`);
  for (const [name, file] of entries) {
    if (typeof file !== "string" || basename(file) !== file || !file.endsWith(".safetensors")) {
      throw new ModelError(
        `loadModel: ${path}: ${name} must be in a .safetensors file of the same folder, got ${JSON.stringify(file)}`,
      );
    }
  }
  return new Map(entries as [string, string][]);
}

async function openShard(index: string, path: string): Promise<SafetensorsFile> {
  try {
    return await openSafetensors(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new ModelError(`loadModel: ${path}, which ${index} names, is missing (download all files of the model)`, {
      cause: error,
    });
  }
}

function checkIndex(
  path: string,
  fileOf: ReadonlyMap<string, string>,
  files: ReadonlyMap<string, SafetensorsFile>,
): void {
  const absent = [...fileOf].filter(([name, file]) => !files.get(file)!.has(name));
  if (absent.length === 0) return;
  const shown = absent.slice(0, 20).map(([name, file]) => `${name} (in ${file})`);
  throw new ModelError(
    `loadModel: ${path} names ${absent.length} tensors that its files do not hold:\n  ${shown.join("\n  ")}`,
  );
}

type NamedSource = readonly [name: string, source: NamedArraySource];

/**
 * Writes a folder's weights, over several files where they have more than `maximumFileBytes`; a tensor is never divided. Older
 * weights of another number of files are removed once the new ones are there.
 */
export async function writeWeights(
  folder: string,
  tensors: readonly NamedSource[],
  { maximumFileBytes }: { maximumFileBytes: number },
): Promise<void> {
  const metadata = { format: "pt" };
  const groups = groupBySize(tensors, maximumFileBytes);
  if (groups.length <= 1) {
    await writeSafetensors(join(folder, singleFile), tensors, { metadata });
    await removeOthers(folder, new Set([singleFile]));
    return;
  }
  const digits = (index: number) => String(index).padStart(5, "0");
  const names = groups.map((_, i) => `model-${digits(i + 1)}-of-${digits(groups.length)}.safetensors`);
  const weightMap: [string, string][] = [];
  for (const [i, group] of groups.entries()) {
    await writeSafetensors(join(folder, names[i]!), group, { metadata });
    for (const [name] of group) weightMap.push([name, names[i]!]);
  }
  const total = tensors.reduce((sum, [, source]) => sum + bytesOf(source), 0);
  const parameters = tensors.reduce((sum, [, { shape }]) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const index = {
    metadata: { total_parameters: parameters, total_size: total },
    weight_map: Object.fromEntries(weightMap.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  const text = `${JSON.stringify(index, undefined, 2)}\n`;
  await replaceFile(join(folder, indexFile), (file) => file.writeFile(text));
  await removeOthers(folder, new Set([indexFile, ...names]));
}

function groupBySize(tensors: readonly NamedSource[], maximum: number): NamedSource[][] {
  const groups: NamedSource[][] = [];
  let room = 0;
  for (const entry of tensors) {
    const size = bytesOf(entry[1]);
    if (groups.length === 0 || size > room) {
      groups.push([]);
      room = maximum;
    }
    groups.at(-1)!.push(entry);
    room -= size;
  }
  return groups;
}

function bytesOf({ dtype, shape }: ArrayEntry): number {
  return shape.reduce((a, b) => a * b, 1) * byteSize(dtype);
}

async function removeOthers(folder: string, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    const isWeights = name === singleFile || name === indexFile || shardName.test(name);
    if (isWeights && !kept.has(name)) await rm(join(folder, name));
  }
}
