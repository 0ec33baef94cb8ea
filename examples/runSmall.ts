// Every example in a small setting, one after another: what CI runs.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const numbered = readdirSync(import.meta.dirname)
  .filter((name) => /^\d\d-/.test(name))
  .sort();
const examples = ["quickstart", ...numbered];
const args = ["--small", "--output", "runs/small"];

rmSync("runs/small", { recursive: true, force: true });
for (const example of examples) {
  console.log(`== ${example}`);
  const path = fileURLToPath(new URL(`${example}/main.ts`, import.meta.url));
  const { status } = spawnSync(process.execPath, [...process.execArgv, path, ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
