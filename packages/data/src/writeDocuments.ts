// Writes records as JSON lines (gzip where the name ends in .gz); the file appears only when it is whole.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { AtomicFile } from "./atomicFile.ts";
import type { Document } from "./document.ts";

const compress = promisify(gzip);
const bufferCharacters = 1 << 20;

/** A JSONL file being written. End it with `commit` or `discard`. */
export class JsonlFile {
  readonly #file: AtomicFile;
  readonly #gzip: boolean;
  #buffer: string[] = [];
  #length = 0;

  private constructor(file: AtomicFile, path: string) {
    this.#file = file;
    this.#gzip = /\.gz$/i.test(path);
  }

  static async create(path: string): Promise<JsonlFile> {
    return new JsonlFile(await AtomicFile.create(path), path);
  }

  async write(record: object): Promise<void> {
    const line = `${JSON.stringify(record)}\n`;
    this.#buffer.push(line);
    this.#length += line.length;
    if (this.#length >= bufferCharacters) await this.#flush();
  }

  async commit(): Promise<void> {
    await this.#flush();
    await this.#file.commit();
  }

  async discard(): Promise<void> {
    await this.#file.discard();
  }

  // Each buffer becomes a gzip member of its own, which every gzip reader takes as one stream.
  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#buffer.join(""));
    this.#buffer = [];
    this.#length = 0;
    await this.#file.write(this.#gzip ? await compress(bytes) : bytes);
  }
}

/**
 * Writes documents to a JSONL file with the fields `id`, `text` and `metadata`'s own, as `readDocuments` reads them.
 * @returns the number of documents written.
 * @throws FileError when the disk refuses; the documents' own errors; the signal's reason. None leaves a file behind.
 */
export async function writeDocuments(
  documents: AsyncIterable<Document> | Iterable<Document>,
  path: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<number> {
  const file = await JsonlFile.create(path);
  let count = 0;
  try {
    for await (const { id, text, metadata } of documents) {
      options.signal?.throwIfAborted();
      await file.write({ ...metadata, id, text });
      count += 1;
    }
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
  return count;
}
