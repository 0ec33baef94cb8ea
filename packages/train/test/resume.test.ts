// Runs that are killed, stopped or refused by the disk, each in a process of its own.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listCheckpoints } from "../src/checkpoint.ts";
import { expectSameCheckpoint } from "./sameCheckpoint.ts";
import type { StartOptions } from "./startTraining.ts";
import { trainingFolder } from "./trainingFolder.ts";
import type { ProcessSettings } from "./trainingProcess.ts";

const minutes = 60_000;
const { path, train } = trainingFolder();

async function finished(settings: Omit<ProcessSettings, "shards">) {
  const { code, errors, messages } = await train(settings);
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  return messages;
}

async function metricSteps(folder: string, type: string): Promise<number[]> {
  const lines = (await readFile(join(folder, "metrics.jsonl"), "utf8")).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line)).flatMap((event) => (event.type === type ? [event.step] : []));
}

describe.each([1, 2])("with accumulation %i", (accumulation) => {
  it("a run that was killed and resumed ends with the same bytes as one that was not", {
    timeout: 3 * minutes,
  }, async () => {
    const [whole, broken] = [path(`whole-${accumulation}`), path(`broken-${accumulation}`)];
    const settings = { steps: 40, accumulation };
    await finished({ ...settings, folder: whole });
    const killed = await train(
      { ...settings, folder: broken, pauseAfter: 23 },
      { onMessage: ({ type, step }, child) => type === "step" && step === 23 && child.kill("SIGKILL") },
    );
    expect(killed.signal).toBe("SIGKILL");
    expect((await listCheckpoints(broken)).at(-1)).toBe(20);
    expect((await metricSteps(broken, "step")).at(-1)).toBe(23);
    const messages = await finished({ ...settings, folder: broken });
    expect(messages[0]).toEqual({ type: "resume", step: 20, path: join(broken, "step-00000020") });
    await expectSameCheckpoint(broken, whole, "step-00000040");
    expect(await metricSteps(broken, "step")).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(await metricSteps(broken, "evaluation")).toEqual([10, 20, 30, 40]);
  });
});

it("SIGINT saves a checkpoint and ends cleanly; the run then goes on", { timeout: 3 * minutes }, async () => {
  const folder = path("interrupted");
  const { code, errors, messages } = await train(
    { folder, steps: 1_000_000, every: 1_000_000 },
    { onMessage: ({ type, step }, child) => type === "step" && step === 15 && child.kill("SIGINT") },
  );
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  const result = messages.at(-1)!;
  expect(result).toMatchObject({ type: "result", interrupted: true });
  expect(messages.at(-2)).toMatchObject({ type: "checkpoint" });
  const stopped = messages.filter(({ type }) => type === "step").at(-1)!.step!;
  expect((await listCheckpoints(folder)).at(-1)).toBe(stopped);
  const resumed = await finished({ folder, steps: stopped + 2 });
  expect(resumed[0]).toMatchObject({ type: "resume", step: stopped });
  expect(await metricSteps(folder, "step")).toEqual(Array.from({ length: stopped + 2 }, (_, i) => i + 1));
});

it("a second SIGINT ends at once", { timeout: 2 * minutes }, async () => {
  const onMessage: StartOptions["onMessage"] = ({ type }, child) => {
    if (type !== "pause") return;
    child.kill("SIGINT");
    // Two pending signals of a kind count as one: the second is sent until it has ended the process.
    const again = setInterval(() => child.kill("SIGINT"), 200);
    child.on("close", () => clearInterval(again));
  };
  const settings = { folder: path("twice"), steps: 40, pauseInEvaluationAfter: 5 };
  const { code, messages } = await train(settings, { onMessage });
  expect(code).toBe(130);
  expect(messages.map(({ type }) => type)).toEqual(["step", "step", "step", "step", "step", "pause"]);
});

it.skipIf(process.platform === "win32")(
  "a disk that refuses a checkpoint leaves the last good one and names it",
  { timeout: 3 * minutes },
  async () => {
    const folder = path("full");
    await finished({ folder, steps: 20 });
    const before = await readdir(folder);
    // Room for the metrics, not for the weights: 12 thousand parameters are 48 KB.
    const { code, messages } = await train({ folder, steps: 30, every: 25 }, { fileLimit: 20 });
    expect(code).toBe(1);
    const { message } = messages.at(-1)!;
    expect(message).toMatch(/^checkpoint of step 25 could not be written to .*step-00000025: EFBIG/);
    expect(message).toContain(`last good checkpoint: ${join(folder, "step-00000020")}`);
    expect(await readdir(folder)).toEqual(before);
    const resumed = await finished({ folder, steps: 30, every: 25 });
    expect(resumed[0]).toMatchObject({ type: "resume", step: 20 });
  },
);
