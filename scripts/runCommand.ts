// Runs one program to its end and keeps what it printed, so that a passing check stays silent and a failing one can show it.
import { spawn } from "node:child_process";

export interface CommandResult {
  /** Exit status; `-1` when the program was ended by a signal or the time limit. */
  readonly status: number;
  /** Standard output and standard error in the order in which they came. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd: string;
  /** Added to this process's environment; `undefined` removes a variable. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds before the program is ended. Default: ten minutes. */
  readonly timeout?: number;
}

/** Runs a program without a shell and without standard input. Throws only when the program cannot be started. */
export function runCommand(
  command: string,
  parameters: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { cwd, environment = {}, timeout = 600_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      cwd,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      timeout,
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", (error) => reject(new Error(`${command}: could not be started (${error.message})`)));
    child.on("close", (status, signal) => {
      if (signal) output += `\n${command}: ended by ${signal}, time limit ${timeout / 1000} s`;
      resolve({ status: status ?? -1, output });
    });
  });
}

/** Runs a program and throws an error that holds its output when it fails. */
export async function runOrThrow(
  command: string,
  parameters: readonly string[],
  options: CommandOptions,
): Promise<string> {
  const { status, output } = await runCommand(command, parameters, options);
  if (status !== 0) throw new Error(`${[command, ...parameters].join(" ")}: exit status ${status}\n${output}`);
  return output;
}

/** Maps over items with at most `limit` of them in progress; results keep the order of the items. */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
