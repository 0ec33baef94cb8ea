import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { saveModel } from "@llm/model";
import { saveTokenizer } from "@llm/tokenizer";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tinyServed } from "../test/tinyServed.ts";
import { loadServed } from "./loadServed.ts";
import { endOfTextIds } from "./servedModel.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-serve-"));
  const { model, tokenizer } = await tinyServed({ endOfTextId: 0 });
  await saveModel(model, folder);
  await saveTokenizer(tokenizer, folder);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test("a folder becomes a model, its tokenizer and the folder's name", async () => {
  const served = await loadServed(folder);
  expect(served.name).toBe(basename(folder));
  expect(served.tokenizer.decode(served.tokenizer.encode("the cat"))).toBe("the cat");
  expect(served.model.config.contextLength).toBe(64);
  expect(endOfTextIds(served)).toEqual([0]);
  expect((await loadServed(folder, { name: "mine" })).name).toBe("mine");
});

test("generation_config.json may list several ending tokens; without it config.json's counts", async () => {
  const path = join(folder, "generation_config.json");
  await writeFile(path, '{"eos_token_id":[0,5]}');
  expect(endOfTextIds(await loadServed(folder))).toEqual([0, 5]);
  await rm(path);
  expect(endOfTextIds(await loadServed(folder))).toEqual([0]);
  await writeFile(path, "{");
  await expect(loadServed(folder)).rejects.toThrow(`loadServed: ${path} is not valid JSON`);
});

test.each(["tokenizer.json", "config.json", "model.safetensors"])(
  "a missing %s is named with its path",
  async (name) => {
    await rm(join(folder, name));
    await expect(loadServed(folder)).rejects.toThrow(join(folder, name));
  },
);

test("a tokenizer of another model is refused", async () => {
  const { model } = await tinyServed({ vocabularySize: 100 });
  await saveModel(model, folder);
  await expect(loadServed(folder)).rejects.toThrow("use the tokenizer the model was trained with");
});

test("the tokenizer's ending token ends a text as well", async () => {
  const path = join(folder, "tokenizer_config.json");
  await writeFile(path, '{"eos_token":"<|endoftext|>"}');
  await writeFile(join(folder, "generation_config.json"), '{"eos_token_id":5}');
  expect(endOfTextIds(await loadServed(folder))).toEqual([5, 0]);
  await writeFile(path, '{"eos_token":{"content":"<|endoftext|>"}}');
  expect(endOfTextIds(await loadServed(folder))).toEqual([5, 0]);
  await writeFile(path, '{"eos_token":"not in the vocabulary"}');
  expect(endOfTextIds(await loadServed(folder))).toEqual([5]);
});

test("a folder's chat template is found, and another may replace it", async () => {
  expect((await loadServed(folder)).chatTemplate).toBeUndefined();
  await writeFile(join(folder, "tokenizer_config.json"), '{"eos_token":"!","chat_template":"a{{ eos_token }}"}');
  expect((await loadServed(folder)).chatTemplate?.render([])).toBe("a!");
  const other = join(folder, "other.jinja");
  await writeFile(other, "b{{ eos_token }}");
  expect((await loadServed(folder, { chatTemplate: other })).chatTemplate?.render([])).toBe("b!");
  await expect(loadServed(folder, { chatTemplate: `${other}x` })).rejects.toThrow(`${other}x`);
  await writeFile(other, "{% if");
  await expect(loadServed(folder, { chatTemplate: other })).rejects.toThrow("chat template: not a Jinja template");
});
