import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { MetricsFile } from "./metricsFile.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-metrics-"));
  path = join(folder, "deep", "metrics.jsonl");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const event = (step: number) => ({ type: "checkpoint", step, path: `step ${step}` }) as const;
const lines = async () =>
  (await readFile(path, "utf8"))
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

it("makes its folder and appends one event a line", async () => {
  const metrics = new MetricsFile(path);
  await metrics.rewindTo(0);
  await metrics.append(event(1));
  await metrics.append(event(2));
  expect(await lines()).toEqual([event(1), event(2)]);
});

it("takes back what came after a step, and a line that was cut off", async () => {
  const metrics = new MetricsFile(path);
  await metrics.rewindTo(0);
  for (const step of [1, 2, 3]) await metrics.append(event(step));
  await writeFile(path, `${await readFile(path, "utf8")}{"type":"step","step":1`);
  await metrics.rewindTo(2);
  await metrics.append(event(3));
  expect(await lines()).toEqual([event(1), event(2), event(3)]);
});

it("names the file and the step that cannot be written", async () => {
  const metrics = new MetricsFile(folder);
  await expect(metrics.append(event(7))).rejects.toThrow(`metrics file ${folder}: step 7 cannot be written: EISDIR`);
});
