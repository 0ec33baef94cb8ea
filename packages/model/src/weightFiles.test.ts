import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byteSize, referenceExecutor, setDefaultExecutor } from "@llm/tensor";
import { openSafetensors } from "@llm/tensor/safetensors";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadModel, namedParameters, parameterBytes, parameterCount, saveModel } from "./checkpoint.ts";
import { ModelError } from "./errors.ts";
import { Llama } from "./models/llama.ts";

setDefaultExecutor(referenceExecutor());
const model = new Llama(
  { vocabularySize: 30, contextLength: 16, layers: 2, heads: 4, keyValueHeads: 2, width: 16, hiddenWidth: 24 },
  { seed: 4 },
);
const index = "model.safetensors.index.json";
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-weights-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function contents(model: object): Promise<Record<string, unknown>> {
  const parameters = [...namedParameters(model as Llama)];
  return Object.fromEntries(await Promise.all(parameters.map(async ([name, tensor]) => [name, await tensor.data()])));
}

const files = async () => (await readdir(folder)).filter((name) => name.startsWith("model"));

async function failure(): Promise<string> {
  const error = await loadModel(folder).catch((error: Error) => error);
  expect(error).toBeInstanceOf(ModelError);
  return (error as Error).message;
}

it("writes weights over several files, each below the limit, and reads them back", async () => {
  await saveModel(model, folder, { maximumFileBytes: 6000 });
  const names = await files();
  const shards = names.filter((name) => name !== index);
  expect(shards.length).toBeGreaterThan(2);
  expect(shards[0]).toBe(`model-00001-of-0000${shards.length}.safetensors`);
  for (const shard of shards) {
    await using file = await openSafetensors(join(folder, shard));
    const sizes = file.names.map((name) => file.entry(name).shape.reduce((a, b) => a * b, byteSize("float32")));
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(6000);
  }
  const json = JSON.parse(await readFile(join(folder, index), "utf8"));
  expect(json.metadata).toEqual({ total_parameters: parameterCount(model), total_size: parameterBytes(model) });
  expect(Object.keys(json.weight_map).sort()).toEqual([...namedParameters(model).keys()].sort());
  expect(await contents(await loadModel(folder))).toEqual(await contents(model));
});

it("gives a tensor above the limit a file of its own", async () => {
  await saveModel(model, folder, { maximumFileBytes: 1 });
  expect(await files()).toHaveLength(namedParameters(model).size + 1);
  expect(await contents(await loadModel(folder))).toEqual(await contents(model));
});

it("leaves no weights of an earlier save behind", async () => {
  await saveModel(model, folder);
  await saveModel(model, folder, { maximumFileBytes: 6000 });
  expect(await files()).not.toContain("model.safetensors");
  await saveModel(model, folder, { maximumFileBytes: 9000 });
  const shards = (await files()).filter((name) => name !== index);
  expect(shards.every((name) => name.endsWith(`of-0000${shards.length}.safetensors`))).toBe(true);
  await saveModel(model, folder);
  expect(await files()).toEqual(["model.safetensors"]);
});

it.each(["float16", "bfloat16"] as const)("stores %s in half the bytes, and says so in config.json", async (dtype) => {
  await saveModel(model, folder, { dtype });
  await using file = await openSafetensors(join(folder, "model.safetensors"));
  expect(file.names.every((name) => file.entry(name).dtype === dtype)).toBe(true);
  expect((await stat(file.path)).size).toBeLessThan(parameterBytes(model) / 2 + 4000);
  expect(JSON.parse(await readFile(join(folder, "config.json"), "utf8")).dtype).toBe(dtype);
  const loaded = await loadModel(folder);
  const again = join(folder, "again");
  await saveModel(loaded, again, { dtype });
  expect(await readFile(join(again, "model.safetensors"))).toEqual(await readFile(file.path));
});

it("names what is wrong with an index or a file that it names", async () => {
  await saveModel(model, folder, { maximumFileBytes: 6000 });
  const path = join(folder, index);
  const good = JSON.parse(await readFile(path, "utf8"));
  const first = Object.keys(good.weight_map)[0]!;
  const cases: [string, string][] = [
    ["{", `${path} is not valid JSON`],
    ["null", `${path}: expected a "weight_map" with tensor names`],
    ['{"weight_map": {}}', `${path}: expected a "weight_map" with tensor names`],
    ['{"weight_map": {"a": "../model.safetensors"}}', "a must be in a .safetensors file of the same folder"],
    ['{"weight_map": {"a": 3}}', "a must be in a .safetensors file of the same folder, got 3"],
    [
      JSON.stringify({ weight_map: { ...good.weight_map, extra: good.weight_map[first] } }),
      `names 1 tensors that its files do not hold:\n  extra (in ${good.weight_map[first]})`,
    ],
  ];
  for (const [text, message] of cases) {
    await writeFile(path, text);
    expect(await failure()).toContain(message);
  }
  const { [first]: file, ...others } = good.weight_map;
  await writeFile(path, JSON.stringify({ weight_map: others }));
  expect(await failure()).toContain(`missing: ${first}`);
  await writeFile(path, JSON.stringify(good));
  await rm(join(folder, file));
  expect(await failure()).toContain(`${join(folder, file)}, which ${path} names, is missing`);
});

it("refuses options that cannot work before writing anything", async () => {
  await expect(saveModel(model, folder, { dtype: "int8" as never })).rejects.toThrow('or "bfloat16", got "int8"');
  for (const maximumFileBytes of [0, -1, Number.NaN]) {
    await expect(saveModel(model, folder, { maximumFileBytes })).rejects.toThrow(
      `maximumFileBytes must be a number above 0, got ${maximumFileBytes}`,
    );
  }
  expect(await readdir(folder)).toEqual([]);
});
