// Every example in a small setting, one after another: what CI runs.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const examples = [["quickstart/main.ts", "--small", "--output", "runs/small"]] as const;

rmSync("runs/small", { recursive: true, force: true });
for (const [file, ...args] of examples) {
  console.log(`== ${file} ${args.join(" ")}`);
  const path = fileURLToPath(new URL(file, import.meta.url));
  const { status } = spawnSync(process.execPath, [...process.execArgv, path, ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
