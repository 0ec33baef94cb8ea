import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { writeShardCorpus } from "../../test/shardCorpus.ts";
import { steps } from "../../test/shardSteps.ts";
import { collect, TemporaryFolder } from "../../test/temporaryFolder.ts";
import { type PipelineReport, pipeline } from "../pipeline.ts";
import { readDocuments } from "../readDocuments.ts";
import { type ProcessShardsOptions, processShards } from "./processShards.ts";
import type { ShardRunProgress } from "./shardRun.ts";
import { shardStatus, verifyShards } from "./shardRun.ts";

const module = new URL("../../test/shardSteps.ts", import.meta.url);

function setUp(files = 4, documents = 30): { folder: TemporaryFolder; options: ProcessShardsOptions } {
  const folder = new TemporaryFolder();
  const input = writeShardCorpus(folder, files, documents);
  return { folder, options: { input, output: folder.join("clean"), module, workers: 2, retries: 0 } };
}

const recordsIn = (folder: string) => collect(readDocuments(folder));

function withoutSource({ source: _, ...report }: PipelineReport): PipelineReport {
  return report;
}

test("shards give what one pipeline gives, with markers and progress", async () => {
  const { folder, options } = setUp(5);
  const events: ShardRunProgress[] = [];
  const status = await processShards({ ...options, shards: 3, onProgress: (progress) => events.push(progress) });
  const whole = pipeline(readDocuments(options.input as string), steps({ shard: 0, parameters: undefined }));
  expect(await recordsIn(folder.join("clean/documents"))).toEqual(await collect(whole.documents));
  expect(withoutSource(status.report)).toEqual(withoutSource(whole.report()));
  expect(status).toMatchObject({ shardCount: 3, missing: [], failures: [] });
  const { totalBytes } = events.at(-1)!;
  expect(events.at(-1)).toEqual({ bytesRead: totalBytes, totalBytes, documents: 150, shardsDone: 3, shardCount: 3 });
  const marker = JSON.parse(readFileSync(folder.join("clean/markers/shard-000001.json"), "utf8"));
  expect(marker.files.map(({ file }: { file: string }) => file)).toEqual([
    "documents/shard-000001.jsonl.gz",
    "dropped/shard-000001.jsonl.gz",
  ]);
  expect(marker.files[0].sha256).toMatch(/^[\da-f]{64}$/);
  expect(folder.files().filter((name) => name.includes("partial"))).toEqual([]);
});

test("ranks take their shares; what is whole is not made again", async () => {
  const { folder, options } = setUp();
  const first = await processShards({ ...options, rank: { rank: 1, worldSize: 2 } });
  expect(first.missing).toEqual([0, 2]);
  const counts: number[] = [];
  const rest = await processShards({ ...options, onProgress: ({ shardCount }) => counts.push(shardCount) });
  expect(rest.missing).toEqual([]);
  expect(counts[0]).toBe(2);
  // A shard whose file was cut is made again, one with other bytes of the same number is found by its digest.
  const file = folder.join("clean/documents/shard-000002.jsonl.gz");
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(1));
  expect((await shardStatus(options.output)).missing).toEqual([2]);
  await processShards(options);
  expect(readFileSync(file)).toEqual(bytes);
  writeFileSync(file, Buffer.alloc(bytes.length));
  expect(await verifyShards(options.output)).toEqual(["documents/shard-000002.jsonl.gz"]);
});

test("a stored plan refuses other inputs, shards, parameters", async () => {
  const { folder, options } = setUp(3, 5);
  await processShards(options);
  const refusal = (changed: Partial<ProcessShardsOptions>) => processShards({ ...options, ...changed });
  await expect(refusal({ shards: 2 })).rejects.toThrow("begun with 3 shards, now it would be 2");
  await expect(refusal({ parameters: { delay: 1 } })).rejects.toThrow("other parameters");
  const copy = folder.write(
    "copy.ts",
    readFileSync(module, "utf8").replaceAll('"../', `"${join(fileURLToPath(module), "../..")}/`),
  );
  await expect(refusal({ module: copy })).rejects.toThrow("another pipeline module");
  const path = folder.join("corpus/part-1.jsonl");
  utimesSync(path, 1, 1);
  await expect(refusal({})).rejects.toThrow("part-1.jsonl has changed since (choose another output folder");
  rmSync(path);
  folder.write("corpus/part-9.jsonl", '{"text":"new"}\n');
  await expect(refusal({})).rejects.toThrow("begun without the input");
  await expect(refusal({ shards: 9 })).rejects.toThrow("from 1 to 3, the number of input files, got 9");
});

test("a module without steps is refused before any work", async () => {
  const { folder, options } = setUp(1, 1);
  const empty = folder.write("empty.mjs", "export const other = 1;\n");
  await expect(processShards({ ...options, module: empty })).rejects.toThrow(
    "exports a function steps(), got exports: other",
  );
  await expect(processShards({ ...options, module: "missing.ts" })).rejects.toThrow("could not be loaded");
  expect(existsSync(options.output)).toBe(false);
});

test("bad input names file and line, is not tried again, and harms no other shard", async () => {
  const { folder, options } = setUp();
  const path = folder.write("corpus/part-1.jsonl", '{"text":"fine"}\n{"text":\n');
  const status = await processShards({ ...options, retries: 3, onFailure: "skip" });
  expect(status.missing).toEqual([1]);
  expect(status.failures).toEqual([
    { shard: 1, attempts: 1, message: expect.stringContaining(`${path}:2: invalid JSON`) },
  ]);
  expect(folder.files().filter((name) => name.startsWith("clean/d") && name.includes("01."))).toEqual([]);
  await expect(processShards(options)).rejects.toThrow(`shard 1: ${path}:2: invalid JSON`);
});

test("a step that throws and a thread that ends are reported with the place and tried again", async () => {
  const { folder, options } = setUp();
  const kept = async (output: string) => (await recordsIn(join(output, "documents"))).map(({ id }) => id);
  const reference = folder.join("reference");
  await processShards({ ...options, output: reference });
  const at = "2-5";
  const thrown = await processShards({ ...options, parameters: { throwAt: at }, onFailure: "skip" });
  expect(thrown.failures[0]!.message).toMatch(
    /the step is broken \(while reading .*part-2\.jsonl, after 1 documents from byte \d+\)/,
  );
  for (const [name, parameters] of [
    ["exit", { exitAt: at }],
    ["grow", { growAt: at }],
  ] as const) {
    const failing = { ...options, output: folder.join(name), workerMemory: 60, onFailure: "skip" } as const;
    const status = await processShards({ ...failing, parameters });
    expect(status.missing).toEqual([2]);
    expect(status.failures[0]!.message).toMatch(name === "exit" ? /ended with code 7/ : /memory limit/);
    const retried = { ...failing, output: `${failing.output}-retried`, retries: 1 };
    const again = await processShards({
      ...retried,
      parameters: { ...parameters, onceFile: folder.join(`${name}.once`) },
    });
    expect(again.failures).toEqual([]);
    expect(await kept(retried.output)).toEqual(await kept(reference));
  }
});

test("a full disk fails the shard and leaves nothing under its name", async ({ skip }) => {
  if (!existsSync("/dev/full")) skip("needs /dev/full");
  const { folder, options } = setUp(2, 5);
  mkdirSync(folder.join("clean/documents"), { recursive: true });
  symlinkSync("/dev/full", folder.join("clean/documents/shard-000001.jsonl.gz.partial"));
  const status = await processShards({ ...options, onFailure: "skip" });
  expect(status.missing).toEqual([1]);
  expect(status.failures[0]!.message).toMatch(/shard-000001\.jsonl\.gz: could not be written: ENOSPC/);
  expect((await processShards(options)).missing).toEqual([]);
  expect((await shardStatus(options.output)).failures).toEqual([]);
});

test("the signal ends the threads; a later run goes on", async () => {
  const { options } = setUp();
  const controller = new AbortController();
  const stopped = processShards({
    ...options,
    parameters: { delay: 5 },
    signal: controller.signal,
    onProgress: () => controller.abort(new Error("enough")),
  });
  await expect(stopped).rejects.toThrow("enough");
  expect((await processShards({ ...options, parameters: { delay: 5 } })).missing).toEqual([]);
});

test("killed anywhere and started again, shards and duplicates are those of a run that was not", async () => {
  const folder = new TemporaryFolder();
  const input = writeShardCorpus(folder, 6, 40);
  const script = fileURLToPath(new URL("../../test/shardProcess.ts", import.meta.url));
  const fromSource = new URL("../../../../scripts/runFromSource.mjs", import.meta.url).href;
  const flags = ["--import", fromSource, "--conditions=@llm/source"];
  const run = (name: string, killAfter?: number): Promise<number | null> => {
    const argument = {
      input,
      clean: folder.join(`${name}-clean`),
      unique: folder.join(`${name}-unique`),
      parameters: { delay: 5 },
    };
    const child = spawn(process.execPath, [...flags, script, JSON.stringify(argument)], {
      stdio: "inherit",
    });
    if (killAfter !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfter);
    return new Promise((resolve) => child.on("exit", resolve));
  };
  const started = performance.now();
  expect(await run("whole")).toBe(0);
  const duration = performance.now() - started;
  // Places that cover the run, a little further each time; a fixed sequence of shares of it.
  for (const share of [0.45, 0.6, 0.35, 0.8]) await run("killed", share * duration);
  expect(await run("killed")).toBe(0);
  for (const part of ["clean/documents", "clean/dropped", "unique/documents", "unique/dropped"]) {
    expect(await recordsIn(folder.join(`killed-${part}`))).toEqual(await recordsIn(folder.join(`whole-${part}`)));
  }
  expect((await shardStatus(folder.join("killed-unique"))).report.out).toEqual(
    (await shardStatus(folder.join("whole-unique"))).report.out,
  );
  expect(await verifyShards(folder.join("killed-unique"))).toEqual([]);
  expect(folder.files().filter((name) => name.endsWith(".partial"))).toEqual([]);
}, 180_000);
