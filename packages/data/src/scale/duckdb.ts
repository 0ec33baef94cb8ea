// DuckDB, the embedded engine that sorts and groups more than fits into memory. It is an optional peer dependency.
import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError } from "../errors.ts";

/** What a database may use. */
export interface DatabaseOptions {
  /** File of the database; what does not fit into memory goes to a folder beside it. */
  readonly file: string;
  readonly threads: number;
  /** Most memory in MiB. */
  readonly memory: number;
}

/** A database of one connection. */
export class Database {
  readonly #connection: DuckDBConnection;
  readonly #close: () => void;

  private constructor(connection: DuckDBConnection, close: () => void) {
    this.#connection = connection;
    this.#close = close;
  }

  /** @throws DataError where `@duckdb/node-api` is not installed. */
  static async open({ file, threads, memory }: DatabaseOptions): Promise<Database> {
    const { DuckDBInstance } = await loadDuckdb();
    const settings = { threads: String(threads), memory_limit: `${memory}MiB`, temp_directory: `${file}.spilled` };
    const instance = await DuckDBInstance.create(file, settings);
    const connection = await instance.connect();
    return new Database(connection, () => {
      connection.closeSync();
      instance.closeSync();
    });
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  /** The columns of the result, a chunk of rows at a time. All of them must be DOUBLE: place numbers fit into those. */
  async *numbers(sql: string): AsyncGenerator<readonly (readonly number[])[]> {
    const result = await this.#connection.stream(sql);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) return;
      yield chunk.getColumns() as number[][];
    }
  }

  /** The first row. */
  async firstRow(sql: string): Promise<readonly number[]> {
    for await (const columns of this.numbers(sql)) return columns.map(([value]) => value!);
    return [];
  }

  close(): void {
    this.#close();
  }
}

/** @throws DataError where `@duckdb/node-api` is not installed. */
export async function loadDuckdb(): Promise<typeof import("@duckdb/node-api")> {
  try {
    return await import("@duckdb/node-api");
  } catch (error) {
    const message =
      "deduplicateShards: expected the package @duckdb/node-api, which could not be loaded (npm install @duckdb/node-api)";
    throw new DataError(message, { cause: error });
  }
}
