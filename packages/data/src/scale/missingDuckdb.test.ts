import { existsSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { writeShardCorpus } from "../../test/shardCorpus.ts";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";
import { DataError } from "../errors.ts";
import { deduplicateShards } from "./deduplicateShards.ts";

// As Node answers where the package is not installed.
vi.mock("@duckdb/node-api", () => {
  throw Object.assign(new Error("Cannot find package '@duckdb/node-api'"), { code: "ERR_MODULE_NOT_FOUND" });
});

test("without DuckDB deduplication says what to install, before any work", async () => {
  const folder = new TemporaryFolder();
  const output = folder.join("unique");
  const input = writeShardCorpus(folder, 1, 3);
  const failure = await deduplicateShards({ input, output, workers: 1 }).catch((error: unknown) => error);
  expect(DataError.isInstance(failure)).toBe(true);
  expect((failure as Error).message).toBe(
    "deduplicateShards: expected the package @duckdb/node-api, which could not be loaded (npm install @duckdb/node-api)",
  );
  expect(existsSync(output)).toBe(false);
  await expect(deduplicateShards({ input, output, workers: 1, stage: "find" })).rejects.toThrow("npm install");
});
