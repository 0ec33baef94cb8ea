// Examples from a file of JSON lines, read one by one where they stand: the file may be larger than memory.
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { DataError, FileError, FormatError, systemReason } from "../errors.ts";
import { parseObject } from "../jsonlRecords.ts";
import { LineSplitter } from "../lineSplitter.ts";
import type { ExampleSource } from "./examples.ts";

/** What a line becomes; throw where it is no example: the error then names file and line. */
export type ParseExample<E> = (record: Readonly<Record<string, unknown>>) => E;

/** An open file of examples. */
export interface JsonlExamples<E> extends ExampleSource<E> {
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a JSONL file (not compressed, blank lines are passed over) as examples. It is read through once to find its lines.
 * @throws FileError where it cannot be read. Reading an example throws a `FormatError` for a line that is not one.
 *
 * @example
 * await using examples = await openJsonlExamples("reviews.jsonl", ({ text, label }) => ({ text: String(text), label: Number(label) }));
 * const stream = exampleBatches(examples, { batchSize: 32 });
 */
export async function openJsonlExamples<E>(path: string, parse: ParseExample<E>): Promise<JsonlExamples<E>> {
  const lines = await findLines(path);
  try {
    return new JsonlFile(path, lines, { handle: await open(path), parse });
  } catch (error) {
    throw cannotRead(path, error);
  }
}

/**
 * All examples of a JSONL file, in memory: they can be checked before training, and grouped by length.
 * @throws FileError where it cannot be read; FormatError for a line that is no example.
 */
export async function readJsonlExamples<E>(path: string, parse: ParseExample<E>): Promise<E[]> {
  await using file = await openJsonlExamples(path, parse);
  const examples: E[] = [];
  for (let index = 0; index < file.length; index++) examples.push(await file.read(index));
  return examples;
}

interface Line {
  readonly offset: number;
  readonly length: number;
  /** From 1. */
  readonly number: number;
}

async function findLines(path: string): Promise<Line[]> {
  // Lines are measured here, not kept.
  const splitter = new LineSplitter(Number.MAX_SAFE_INTEGER);
  const lines: Line[] = [];
  const add = ({ bytes, offset, length, number }: Line & { bytes: Buffer | undefined }) => {
    if (bytes!.toString("utf8").trim() !== "") lines.push({ offset, length, number });
  };
  try {
    for await (const chunk of createReadStream(path)) for (const line of splitter.push(chunk as Buffer)) add(line);
  } catch (error) {
    throw cannotRead(path, error);
  }
  for (const line of splitter.end()) add(line);
  return lines;
}

class JsonlFile<E> implements JsonlExamples<E> {
  readonly name: string;
  readonly length: number;
  readonly #lines: readonly Line[];
  readonly #handle: FileHandle;
  readonly #parse: ParseExample<E>;

  constructor(path: string, lines: readonly Line[], { handle, parse }: { handle: FileHandle; parse: ParseExample<E> }) {
    this.name = path;
    this.length = lines.length;
    this.#lines = lines;
    this.#handle = handle;
    this.#parse = parse;
  }

  async read(index: number): Promise<E> {
    const line = this.#lines[index];
    if (!line) throw new DataError(`${this.name}: expected an index below ${this.length}, got ${index}`);
    const { offset, length, number } = line;
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await this.#handle.read(buffer, 0, length, offset).catch((error: unknown) => {
      throw cannotRead(this.name, error);
    });
    const record = parseObject(buffer.toString("utf8", 0, bytesRead), { file: this.name, line: number });
    try {
      return this.#parse(record);
    } catch (error) {
      throw new FormatError({ file: this.name, line: number }, "invalid example", systemReason(error), {
        cause: error,
      });
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function cannotRead(path: string, error: unknown): FileError {
  return new FileError(`${path}: cannot be read: ${systemReason(error)}`, { cause: error });
}
