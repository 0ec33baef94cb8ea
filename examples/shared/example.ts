// What all examples share: their options, where their results are, and how they end: a number before, after, and of something simple.
import { join } from "node:path";
import { parseArgs } from "node:util";

export interface Setting {
  /** Seconds instead of minutes: shows that it works, not what it can do. */
  readonly small: boolean;
  /** How many updates to make: with `--share 0.5` half of the full number, on a slow machine. */
  readonly steps: (counts: { full: number; small: number }) => number;
  /** Where the example named so writes its results, and others read them. */
  readonly folderOf: (example: string) => string;
}

/** Reads `--small`, `--output FOLDER` and `--share NUMBER`; throws for another option. */
export function readSetting(args = process.argv.slice(2)): Setting {
  const options = {
    small: { type: "boolean", default: false },
    output: { type: "string" },
    share: { type: "string", default: "1" },
  } as const;
  const {
    small,
    share,
    output = join("runs", small ? "examples-small" : "examples"),
  } = parseArgs({ args, options }).values;
  if (!(Number(share) > 0)) throw new Error(`--share must be a number above 0, got ${share}`);
  const steps: Setting["steps"] = (counts) => Math.ceil(small ? counts.small : counts.full * Number(share));
  return { small, steps, folderOf: (example) => join(output, example) };
}

export interface Outcome {
  readonly metric: string;
  readonly better: "higher" | "lower";
  /** Of the model that training begins with. */
  readonly before: number;
  readonly after: number;
  /** What simpler ways reach, by what they do. */
  readonly baselines: Readonly<Record<string, number>>;
  /** Judged in the full setting alone: seconds of training need not move it. Default false. */
  readonly fullOnly?: boolean;
  /** What something stronger reaches: told, not to be beaten. */
  readonly beside?: Readonly<Record<string, number>>;
}

/**
 * Prints the outcomes and sets the exit code: 1 if one is not better than before, or in the full setting not better than each baseline.
 */
export function conclude(outcomes: readonly Outcome[], { small }: Setting): void {
  for (const { metric, better, before, after, baselines, beside, fullOnly } of outcomes) {
    const isBetter = (other: number) => (better === "lower" ? after < other : after > other);
    console.log(`\n${metric} (${better} is better)`);
    for (const [name, value] of Object.entries({ ...beside, before, ...baselines, after })) {
      console.log(`  ${name.padEnd(44)} ${value.toFixed(value < 10 ? 3 : 1).padStart(8)}`);
    }
    const toBeat = small ? (fullOnly ? [] : [before]) : [before, ...Object.values(baselines)];
    if (toBeat.every(isBetter)) continue;
    console.log("  not better than it should be");
    process.exitCode = 1;
  }
}
