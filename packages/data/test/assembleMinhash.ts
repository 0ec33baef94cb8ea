// Assembles minhash.wat; with --write, writes minhashModule.ts: `node --import tsx packages/data/test/assembleMinhash.ts --write`.
import { readFileSync, writeFileSync } from "node:fs";
import wabt from "wabt";

const filters = new URL("../src/filters/", import.meta.url);

/** The module in base64. */
export async function assembleMinhash(): Promise<string> {
  const assembler = await wabt();
  const module = assembler.parseWat("minhash.wat", readFileSync(new URL("minhash.wat", filters), "utf8"));
  module.validate();
  return Buffer.from(module.toBinary({}).buffer).toString("base64");
}

if (process.argv.includes("--write")) {
  const lines = (await assembleMinhash()).match(/.{1,100}/g)!.map((line) => `  "${line}"`);
  writeFileSync(
    new URL("minhashModule.ts", filters),
    `// The module of minhash.wat, assembled by wabt, in base64.\n\nexport const minhashModule =\n${lines.join(" +\n")};\n`,
  );
}
