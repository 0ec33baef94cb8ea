// Prints what this machine has to compute with: `pnpm doctor`, or `pnpm doctor --json`.
import { describeMachine, inspectMachine } from "../packages/tensor/src/inspectMachine.ts";

const machine = await inspectMachine();
console.log(process.argv.includes("--json") ? JSON.stringify(machine, null, 2) : describeMachine(machine));
