// Prints what this machine has to compute with: `pnpm run doctor`, or `pnpm --silent run doctor --json` for programs.
import { argv, stdout } from "node:process";
import { describeMachine, inspectMachine } from "../inspectMachine.ts";

const machine = await inspectMachine();
stdout.write(`${argv.includes("--json") ? JSON.stringify(machine, null, 2) : describeMachine(machine)}\n`);
