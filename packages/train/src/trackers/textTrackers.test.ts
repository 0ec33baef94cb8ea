// The trackers that write lines of text.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { evaluationEvent, runAt, stepEvent } from "../../test/trackedRun.ts";
import { csvTracker } from "./csv.ts";
import { jsonLinesTracker } from "./jsonLines.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-trackers-"));
  path = join(folder, "deep", "metrics");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const lines = async () => (await readFile(path, "utf8")).split("\n").slice(0, -1);

describe("jsonLinesTracker", () => {
  it("makes its folder and writes each event as a line", async () => {
    const tracker = jsonLinesTracker(path);
    await tracker.start(runAt(0));
    const events = [stepEvent(1), evaluationEvent(1), { type: "checkpoint", step: 1, path: "step-1" } as const];
    for (const event of events) await tracker.record(event);
    await tracker.finish("finished");
    expect((await lines()).map((line) => JSON.parse(line))).toEqual(events);
  });

  it("takes back what came after the step that a run goes on from or goes back to, and a line that was cut off", async () => {
    const before = jsonLinesTracker(path);
    await before.start(runAt(0));
    for (const step of [1, 2, 3]) await before.record(stepEvent(step));
    await writeFile(path, `${await readFile(path, "utf8")}{"type":"step","step":1`);
    const tracker = jsonLinesTracker(path);
    await tracker.start(runAt(2));
    for (const step of [3, 4, 5]) await tracker.record(stepEvent(step));
    await tracker.rewindTo(4);
    await tracker.record(stepEvent(5, 7));
    expect((await lines()).map((line) => JSON.parse(line))).toEqual([
      ...[1, 2, 3, 4].map((step) => stepEvent(step)),
      stepEvent(5, 7),
    ]);
    await jsonLinesTracker(path).start(runAt(0));
    expect(await lines()).toEqual([]);
  });

  it("names a file that cannot be written", async () => {
    await mkdir(path, { recursive: true });
    await expect(jsonLinesTracker(path).record(stepEvent(7))).rejects.toThrow(
      `metrics file ${path} cannot be written: EISDIR`,
    );
    await expect(jsonLinesTracker(path).start(runAt(0))).rejects.toThrow(`metrics file ${path} cannot be read: EISDIR`);
    expect(await readdir(dirname(path))).toEqual(["metrics"]);
  });
});

describe("csvTracker", () => {
  it("gives each number a column, also those that come up late, and nothing to events without numbers", async () => {
    const tracker = csvTracker(path);
    await tracker.start(runAt(0));
    await tracker.record({ ...stepEvent(1), loss: Number.NaN });
    await tracker.record({ ...evaluationEvent(1), metrics: { 'exact, "match"': 0.5 } });
    await tracker.record({ type: "checkpoint", step: 1, path: "step-1" });
    await tracker.record(stepEvent(2));
    expect(await lines()).toEqual([
      "step,train/learning_rate,train/grad_norm,train/tokens_per_second,train/data_wait_seconds,eval/loss,eval/exact_ _match_,train/loss",
      "1,0.5,2,1000,0.25,,,",
      "1,,,,,1.5,0.5,",
      "2,0.5,2,1000,0.25,,,8",
    ]);
  });

  it("goes on in the columns there are, without the rows taken back", async () => {
    const before = csvTracker(path);
    await before.start(runAt(0));
    for (const step of [1, 2, 3]) await before.record(stepEvent(step));
    const tracker = csvTracker(path);
    await tracker.start(runAt(1));
    await tracker.record(stepEvent(2, 5));
    await tracker.rewindTo(1);
    await tracker.record(stepEvent(2, 6));
    expect(await lines()).toEqual([
      "step,train/loss,train/learning_rate,train/grad_norm,train/tokens_per_second,train/data_wait_seconds",
      "1,9,0.5,2,1000,0.25",
      "2,6,0.5,2,1000,0.25",
    ]);
  });
});
