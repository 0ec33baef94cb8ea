// Metrics as JSON lines, one event a line. A resumed run takes back what was written after its checkpoint.
import { appendFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { TrainError } from "./errors.ts";
import type { TrainEvent } from "./events.ts";

export class MetricsFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Keeps the events up to and including `step`, so that each step is in the file once. */
  async rewindTo(step: number): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    const text = await readFile(this.#path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    const kept = text.split("\n").filter((line) => stepOf(line) <= step);
    await writeFile(`${this.#path}.tmp`, kept.map((line) => `${line}\n`).join(""));
    await rename(`${this.#path}.tmp`, this.#path);
  }

  async append(event: TrainEvent): Promise<void> {
    try {
      await appendFile(this.#path, `${JSON.stringify(event)}\n`);
    } catch (error) {
      throw new TrainError(
        `metrics file ${this.#path}: step ${event.step} cannot be written: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }
}

/** The step an event belongs to; Infinity for a line that a killed run left unfinished. */
function stepOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { step?: number }).step ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
