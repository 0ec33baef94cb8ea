// Starts trainingProcess.ts and follows what it tells.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ProcessSettings } from "./trainingProcess.ts";

export interface Message {
  type: string;
  step?: number;
  message?: string;
  interrupted?: boolean;
}

export interface Training {
  child: ChildProcess;
  /** Everything told, once the process has ended. */
  ended: Promise<{ messages: Message[]; code: number | null; signal: NodeJS.Signals | null; errors: string }>;
}

export interface StartOptions {
  /** Called with each message as it comes. */
  onMessage?: (message: Message, child: ChildProcess) => void;
  /** Largest file the process may write, in KiB. */
  fileLimit?: number;
}

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export function startTraining(settings: ProcessSettings, { onMessage, fileLimit }: StartOptions = {}): Training {
  const fromSource = ["--import", new URL("../../../scripts/runFromSource.mjs", import.meta.url).href];
  const command = [process.execPath, ...fromSource, "--conditions=@llm/source", pathOf("./trainingProcess.ts")];
  const limited =
    fileLimit === undefined ? command : ["bash", "-c", `ulimit -f ${fileLimit}; exec "$@"`, "bash", ...command];
  const child = spawn(limited[0]!, [...limited.slice(1), JSON.stringify(settings)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TSX_DISABLE_CACHE: "1", NODE_OPTIONS: "" },
  });
  const messages: Message[] = [];
  let errors = "";
  child.stderr!.on("data", (chunk) => {
    errors += chunk;
  });
  createInterface({ input: child.stdout! }).on("line", (line) => {
    const message = JSON.parse(line) as Message;
    messages.push(message);
    onMessage?.(message, child);
  });
  const ended = new Promise<Awaited<Training["ended"]>>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ messages, code, signal, errors }));
  });
  return { child, ended };
}
