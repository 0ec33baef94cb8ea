// Runs the stages of a pipeline, each once: a stage that has finished with the same settings, on the same results of the stages
// before it, is not run again. A note that says so is written last, so a killed stage starts over (or resumes by itself).
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

interface Note<T> {
  readonly key: string;
  readonly result: T;
}

export class Stages {
  readonly #folder: string;
  #key = "";
  #number = 0;
  readonly #total: number;

  constructor(folder: string, total: number) {
    this.#folder = folder;
    this.#total = total;
  }

  /** A name for what the next stage works on: the results so far, together with `settings`. */
  keyWith(settings: unknown): string {
    return createHash("sha256")
      .update(`${this.#key}${JSON.stringify(settings)}`)
      .digest("hex")
      .slice(0, 16);
  }

  /** The result of `work`, or the one it had before. `result` must be plain JSON; `settings` is all that it depends on. */
  async run<T>(name: string, settings: unknown, work: () => Promise<T>): Promise<T> {
    this.#number++;
    this.#key = this.keyWith([name, settings]);
    const title = `[${this.#number}/${this.#total}] ${name}`;
    const file = join(this.#folder, "stages", `${name.replaceAll(" ", "-")}.json`);
    const note = await readNote<T>(file);
    if (note?.key === this.#key) {
      console.log(`${title}: done before, unchanged`);
      return note.result;
    }
    console.log(title);
    const start = performance.now();
    const result = await work();
    await mkdir(join(this.#folder, "stages"), { recursive: true });
    await writeFile(`${file}.tmp`, JSON.stringify({ key: this.#key, result } satisfies Note<T>));
    await rename(`${file}.tmp`, file);
    console.log(`      ${((performance.now() - start) / 1000).toFixed(1)} s`);
    return result;
  }
}

async function readNote<T>(file: string): Promise<Note<T> | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Note<T>;
  } catch {
    return undefined;
  }
}
