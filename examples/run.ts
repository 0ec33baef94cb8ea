// Runs one example by its number or name, after those it starts from where these have no results yet: `pnpm example 07 --small`.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readSetting } from "./shared/example.ts";

/** The example whose model another one starts from. */
const startsFrom: Readonly<Record<string, string>> = {
  "05-question-answering": "04-pretrain-bert",
  "07-instruction-tuning": "03-pretrain-gpt",
  "08-lora": "03-pretrain-gpt",
  "09-preferences": "07-instruction-tuning",
  "10-distillation": "03-pretrain-gpt",
  "12-token-classification": "04-pretrain-bert",
};

function run(name: string, args: readonly string[]): void {
  console.log(`== ${name}`);
  const script = join(import.meta.dirname, name, "main.ts");
  const { status } = spawnSync(process.execPath, [...process.execArgv, script, ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

const [wanted, ...args] = process.argv.slice(2);
const names = readdirSync(import.meta.dirname).filter((name) => /^\d\d-/.test(name));
const found = names.find((name) => wanted && name.startsWith(wanted));
if (!found) {
  console.error(`pnpm example: no example ${wanted ?? ""} (there are: ${names.sort().join(", ")})`);
  process.exit(1);
}
const { folderOf } = readSetting(args);
const chain: string[] = [];
for (let name: string | undefined = found; name; name = startsFrom[name]) {
  if (name === found || !existsSync(join(folderOf(name), "model", "config.json"))) chain.unshift(name);
}
for (const name of chain) run(name, args);
