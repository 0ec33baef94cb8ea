// A text file that grows by lines and from whose end lines can be taken back.
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { replaceFile } from "@llm/tensor/replaceFile";
import { TrainError } from "../errors.ts";

export class LineFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The whole lines there are; none where there is no file. What a killed process left of a last line is not among them. */
  async read(): Promise<string[]> {
    const text = await readFile(this.path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw this.#failure("read", error);
    });
    return text.split("\n").slice(0, -1);
  }

  /** Puts other lines in place of all there are, in one go. */
  async replace(lines: readonly string[]): Promise<void> {
    try {
      await mkdir(dirname(this.path), { recursive: true });
      await replaceFile(this.path, (file) => file.writeFile(lines.map((line) => `${line}\n`).join("")));
    } catch (error) {
      throw this.#failure("written", error);
    }
  }

  async append(line: string): Promise<void> {
    try {
      await appendFile(this.path, `${line}\n`);
    } catch (error) {
      throw this.#failure("written", error);
    }
  }

  #failure(verb: string, error: unknown): TrainError {
    const reason = (error as Error).message;
    return new TrainError(
      `metrics file ${this.path} cannot be ${verb}: ${reason} (free space, or choose another path)`,
      {
        cause: error,
      },
    );
  }
}
