import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { evaluationEvent, runAt, stepEvent } from "../../test/trackedRun.ts";
import { fieldsOf } from "./protobuf.ts";
import { wandbTracker } from "./wandb.ts";
import { WandbFile } from "./wandbFile.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-wandb-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const newTracker = () => wandbTracker({ folder, project: "stories", name: "first" });

async function runFile(): Promise<string> {
  const [run, ...others] = (await readdir(folder)).filter((name) => name.startsWith("offline-run-"));
  expect(others).toEqual([]);
  expect(run).toMatch(/^offline-run-\d{8}_\d{6}-[0-9a-f]{8}$/);
  return join(folder, run!, `run-${run!.slice(-8)}.wandb`);
}

interface Item {
  [name: string]: unknown;
}

/** The records of the file by kind: the field of `Record` that they fill. */
async function recordsOf(path: string): Promise<{ number: number; value: Uint8Array }[]> {
  const { file, records } = await WandbFile.open(path);
  await file.close();
  return records.map(({ data }, i) => {
    const [number, content] = fieldsOf(data);
    expect(number).toEqual({ number: 1, value: i + 1 });
    return content as { number: number; value: Uint8Array };
  });
}

const textOf = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);

/** Rows of the history, what is told of times left out. */
async function rowsOf(path: string): Promise<Item[]> {
  const history = (await recordsOf(path)).filter(({ number }) => number === 2);
  return history.map(({ value }) => {
    const items = fieldsOf(value).filter(({ number }) => number === 1);
    const entries = items.map((item) => {
      const [key, json] = fieldsOf(item.value as Uint8Array);
      expect([key!.number, json!.number]).toEqual([2, 16]);
      return [textOf(key!.value), JSON.parse(textOf(json!.value))] as const;
    });
    const { _timestamp, _runtime, ...row } = Object.fromEntries(entries);
    expect(_timestamp).toBeGreaterThan(1e9);
    expect(_runtime).toBeGreaterThanOrEqual(0);
    return row;
  });
}

const stepRow = (step: number, loss = 10 - step) => ({
  "train/loss": loss,
  "train/learning_rate": 0.5,
  "train/grad_norm": 2,
  "train/tokens_per_second": 1000,
  "train/data_wait_seconds": 0.25,
  _step: step,
});

it("writes a header, the run with its settings, a row a step, and the end", async () => {
  const tracker = newTracker();
  await tracker.start(runAt(0));
  await tracker.record(stepEvent(1));
  await tracker.record(stepEvent(2));
  await tracker.record(evaluationEvent(2));
  await tracker.record({ type: "checkpoint", step: 2, path: "step-2" });
  await tracker.finish("failed");
  const path = await runFile();
  const records = await recordsOf(path);
  expect(records.map(({ number }) => number)).toEqual([21, 17, 2, 3, 2, 3, 18]);
  const run = fieldsOf(records[1]!.value);
  const fieldText = (number: number) => textOf(run.find((field) => field.number === number)!.value);
  expect([fieldText(1), fieldText(3), fieldText(8)]).toEqual([path.slice(-14, -6), "stories", "first"]);
  const config = fieldsOf(run.find(({ number }) => number === 4)!.value as Uint8Array).map(({ value }) =>
    fieldsOf(value as Uint8Array).map((field) => textOf(field.value)),
  );
  expect(config).toEqual([
    ["_wandb", "{}"],
    ["seed", "3"],
    ["optimizer", '{"name":"adamw","beta1":0.9}'],
    ["shuffled", "true"],
  ]);
  expect(await rowsOf(path)).toEqual([stepRow(1), { ...stepRow(2), "eval/loss": 1.5, "eval/accuracy": 0.75 }]);
  expect(fieldsOf(records.at(-1)!.value)[0]).toEqual({ number: 1, value: 1 });
});

it("reads and writes the bytes of the official client (wandb 0.31.0)", async () => {
  // The file header and the first record of a run with WANDB_MODE=offline.
  const official = Buffer.from(
    [
      "3a572642e1be00be7005cf4d00010801c20c0a0a0862656c6966336767aa013b0a390a2f302e33312e302b313566386362633538316431",
      "633563666336653331663638623438626464313363656332646432631206302e37302e30",
    ].join(""),
    "hex",
  );
  const path = join(folder, "official.wandb");
  await writeFile(path, official);
  const { file, records } = await WandbFile.open(path);
  await file.close();
  expect(records).toHaveLength(1);
  expect(fieldsOf(records[0]!.data).map(({ number }) => number)).toEqual([1, 200, 21]);
  const copy = await WandbFile.create(join(folder, "copy.wandb"));
  await copy.append(records[0]!.data);
  await copy.close();
  expect((await readFile(join(folder, "copy.wandb"))).equals(official)).toBe(true);
});

it("goes on in the same file without the steps taken back, whatever a kill left at its end", async () => {
  const before = newTracker();
  await before.start(runAt(0));
  // Enough to cross a few blocks of 32 KiB.
  for (let step = 1; step <= 300; step++) await before.record(stepEvent(step));
  const path = await runFile();
  const whole = await readFile(path);
  expect(whole.length).toBeGreaterThan(3 * 32768);
  await writeFile(path, whole.subarray(0, whole.length - 9));
  const tracker = newTracker();
  await tracker.start(runAt(250));
  await tracker.record(stepEvent(251, 1));
  await tracker.record(stepEvent(252, 2));
  await tracker.rewindTo(251);
  await tracker.record(stepEvent(252, 3));
  await tracker.finish("stopped");
  const again = newTracker();
  await again.start(runAt(252));
  await again.record(stepEvent(253, 4));
  await again.finish("finished");
  const kept = Array.from({ length: 250 }, (_, i) => stepRow(i + 1));
  expect(await rowsOf(path)).toEqual([...kept, stepRow(251, 1), stepRow(252, 3), stepRow(253, 4)]);
  const kinds = (await recordsOf(path)).map(({ number }) => number);
  expect(kinds.filter((kind) => kind === 18)).toHaveLength(1);
});

it("stores records of any length, at any place in a block, and finds them again", async () => {
  const path = join(folder, "run.wandb");
  const file = await WandbFile.create(path);
  const lengths = [0, 1, 32_747, 5, 32_768, 100_000, ...Array.from({ length: 20 }, (_, i) => 32_700 - 13 * i)];
  const record = (length: number) => new Uint8Array(length).fill(length % 251);
  for (const length of lengths) await file.append(record(length));
  await file.close();
  const { file: opened, records } = await WandbFile.open(path);
  expect(records.map(({ data }) => data.length)).toEqual(lengths);
  for (const { data } of records) expect(Buffer.from(data).equals(record(data.length))).toBe(true);
  expect(opened.end).toBe((await readFile(path)).length);
  await opened.close();
});

it("stops reading at a damaged record", async () => {
  const path = join(folder, "run.wandb");
  const file = await WandbFile.create(path);
  for (const length of [10, 20, 30]) await file.append(new Uint8Array(length));
  await file.close();
  const handle = await open(path, "r+");
  await handle.write(Uint8Array.of(1), 0, 1, 7 + 17 + 9);
  await handle.close();
  const { file: opened, records } = await WandbFile.open(path);
  expect(records.map(({ data }) => data.length)).toEqual([10]);
  await opened.close();
});

it("names the folder that cannot be written", async () => {
  const path = join(folder, "file");
  await writeFile(path, "");
  await expect(wandbTracker({ folder: path, project: "p" }).start(runAt(0))).rejects.toThrow(
    `wandbTracker: ${path} cannot be written: ENOTDIR`,
  );
});
