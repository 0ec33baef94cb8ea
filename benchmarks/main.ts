// `pnpm bench NAME [options]` runs benchmarks/NAME.ts.
import { argv, exit } from "node:process";

const [name, ...args] = argv.slice(2);
const names = [
  "train",
  "tokenizer",
  "trainTokenizer",
  "data",
  "int8",
  "attention",
  "eventLoop",
  "memory",
  "optimizers",
  "dataWait",
  "dataScale",
];

if (!name || !names.includes(name)) {
  console.error(`bench: expected one of ${names.join(", ")}, got ${name ?? "nothing"}`);
  exit(2);
}
const { run } = (await import(`./${name}.ts`)) as { run(args: readonly string[]): Promise<void> };
await run(args);
exit(0);
