// Writes docs/support.md, the table of ops, executors and gradients, from the op records:
//   node --import ./scripts/runFromSource.mjs --conditions=@llm/source packages/tensor/test/supportTable.ts
import { writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { fusedOps, primitiveOps } from "../src/ops/index.ts";
import type { OpDefinition } from "../src/ops/op.ts";

export const supportFile = fileURLToPath(new URL("../../../docs/support.md", import.meta.url));

/** The whole page. */
export function supportTable(): string {
  return [
    "# Ops, executors and gradients",
    "",
    "Generated from the op records by `packages/tensor/test/supportTable.ts`; a test keeps it current. Every op runs its cases on every",
    "executor, forward and backward, in every dtype it takes, and every gradient is held against finite differences.",
    "",
    `## Primitives (${primitiveOps.length})`,
    "",
    ...table(primitiveOps),
    "",
    `## Fused ops (${fusedOps.length})`,
    "",
    "Compositions of primitives with a closed-form gradient; an executor without a kernel for one runs the composition.",
    "",
    ...table(fusedOps),
    "",
    "A dtype after → is the one in which ONNX Runtime computes where it has no kernel: the result is rounded back, as the",
    "reference executor rounds it. TensorFlow.js has neither uint32 nor int64: ops on them run with the reference kernel on the",
    "host, as do the ops and dtypes of which the table says so. Everything else in `@llm/tensor` (attention, dropout,",
    "cross-entropy, …) is a function of these and runs wherever they do.",
    "",
  ].join("\n");
}

function table(ops: readonly OpDefinition[]): string[] {
  const header = ["op", "reference", "onnx", "tfjs", "gradient"];
  const rows = ops.map((op) => [
    `\`${op.name}\``,
    op.reference ? "kernel" : "composition",
    describeOnnx(op),
    describeTfjs(op),
    op.vjp === "zero" ? "zero" : "yes",
  ]);
  const widths = header.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column]!)].map((cell) => cell.length)),
  );
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

function describeOnnx({ onnx, widen = {} }: OpDefinition): string {
  if (!onnx) return "composition";
  const how = typeof onnx === "function" ? "lowering" : `\`${onnx.opType}\``;
  const wider = Object.entries(widen).map(([from, to]) => `${from}→${to}`);
  return wider.length === 0 ? how : `${how}; ${wider.join(", ")}`;
}

function describeTfjs({ tfjs, tfjsReference = [] }: OpDefinition): string {
  if (!tfjs) return "composition";
  if (tfjs === "reference") return "reference kernel";
  return tfjsReference.length === 0 ? "lowering" : `lowering; reference kernel: ${tfjsReference.join(", ")}`;
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(supportFile, supportTable());
