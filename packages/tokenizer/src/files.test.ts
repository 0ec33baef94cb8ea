import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadTokenizer, saveTokenizer } from "./files.ts";
import { readFixture } from "./testing/fixtures.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { parseTokenizerJson } from "./tokenizerJson.ts";

const definition = readFixture<object>("llama3.json");
const tokenizer = parseTokenizerJson(definition);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tokenizer-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("saves to a file or a folder, and loads from either", async () => {
  await saveTokenizer(tokenizer, join(folder, "deep/my.json"));
  await saveTokenizer(tokenizer, join(folder, "model"));
  const text = "Hello <|end|>";
  for (const path of ["deep/my.json", "model", "model/tokenizer.json"]) {
    const loaded = await loadTokenizer(join(folder, path));
    expect(loaded.encode(text, { allowedSpecial: "all" })).toEqual(tokenizer.encode(text, { allowedSpecial: "all" }));
  }
  expect(JSON.parse(await readFile(join(folder, "model/tokenizer.json"), "utf8"))).toEqual(definition);
  expect(await readdir(join(folder, "model"))).toEqual(["tokenizer.json"]);
});

it("names the missing file and what to do", async () => {
  await expect(loadTokenizer(join(folder, "no.json"))).rejects.toThrow(
    `loadTokenizer: expected a tokenizer at ${join(folder, "no.json")}, found no file (train one with trainByteLevelBpe`,
  );
  await expect(loadTokenizer(folder)).rejects.toThrow(join(folder, "tokenizer.json"));
});

it("names the file that cannot be read", async () => {
  const file = join(folder, "tokenizer.json");
  await writeFile(file, JSON.stringify(definition).slice(0, 1000));
  await expect(loadTokenizer(folder)).rejects.toThrow(`${file}: tokenizer.json: not valid JSON`);
  await writeFile(file, "");
  await expect(loadTokenizer(folder)).rejects.toThrow("0 characters");
});

it("leaves nothing behind when it cannot write", async () => {
  await mkdir(join(folder, "taken.json/inside"), { recursive: true });
  await mkdir(join(folder, "taken.json/tokenizer.json"));
  await expect(saveTokenizer(tokenizer, join(folder, "taken.json"))).rejects.toThrow("EISDIR");
  expect((await readdir(join(folder, "taken.json"))).sort()).toEqual(["inside", "tokenizer.json"]);
});

it("refuses a tokenizer of another make", async () => {
  await expect(saveTokenizer({} as Tokenizer, folder)).rejects.toThrow("expected a tokenizer made by this package");
});
