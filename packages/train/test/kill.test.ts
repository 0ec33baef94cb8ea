// A run that is killed twenty times, at seeded random moments, some of them in the middle of a checkpoint.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadModel } from "@llm/model";
import { hostRandomBits } from "@llm/tensor";
import { openSafetensors } from "@llm/tensor/safetensors";
import { expect, it } from "vitest";
import { checkpointPath, listCheckpoints, readPosition } from "../src/checkpoint.ts";
import { expectSameCheckpoint } from "./sameCheckpoint.ts";
import type { StartOptions, Training } from "./startTraining.ts";
import { trainingFolder } from "./trainingFolder.ts";
import type { ProcessSettings } from "./trainingProcess.ts";

const kills = 20;
const every = 2;
const steps = 110;

const { path, train: startTraining } = trainingFolder();

function train(settings: Pick<ProcessSettings, "folder" | "prefetch">, options?: StartOptions) {
  return startTraining({ ...settings, steps, every }, options);
}

/** Trains until so many steps are told, and a little longer, in milliseconds; then it is killed. */
function trainUntilKilled(
  settings: Parameters<typeof train>[0],
  { toldSteps, delay }: Record<"toldSteps" | "delay", number>,
) {
  let told = 0;
  return train(settings, {
    onMessage: ({ type }, child) => {
      if (type === "step" && ++told === toldSteps) setTimeout(() => child.kill("SIGKILL"), delay);
    },
  });
}

/** Everything under a name of a checkpoint is one that opens. */
async function expectWholeCheckpoints(folder: string): Promise<number[]> {
  const saved = await listCheckpoints(folder);
  for (const step of saved) {
    const checkpoint = checkpointPath(folder, step);
    expect((await readPosition(checkpoint)).step).toBe(step);
    await loadModel(checkpoint);
    await (await openSafetensors(join(checkpoint, "optimizer.safetensors"))).close();
  }
  return saved;
}

/** What was told last of a kind. */
function lastStep({ messages }: Awaited<Training["ended"]>, type: string): number {
  return messages.findLast((message) => message.type === type)?.step ?? 0;
}

it("loses at most the steps since the last checkpoint, never a checkpoint, and ends with the bytes of a run never killed", {
  timeout: 240_000,
}, async () => {
  const [whole, broken] = [path("whole"), path("broken")];
  const unbroken = train({ folder: whole });
  const moments = hostRandomBits(7, "kills", 2 * kills);
  let newest = 0;
  for (let i = 0; i < kills; i++) {
    const moment = { toldSteps: 3 + (moments[2 * i]! % 3), delay: moments[2 * i + 1]! % 15 };
    // Another number of batches made ready ahead each time: the run must not depend on it.
    const killed = await trainUntilKilled({ folder: broken, prefetch: i % 4 }, moment);
    expect(killed.signal, killed.errors).toBe("SIGKILL");
    const resumed = killed.messages[0]!;
    expect(resumed.type === "resume" ? resumed.step : 0).toBe(newest);
    const saved = await expectWholeCheckpoints(broken);
    newest = saved.at(-1) ?? 0;
    expect(newest).toBeGreaterThanOrEqual(lastStep(killed, "checkpoint"));
    expect(lastStep(killed, "step") - newest).toBeLessThanOrEqual(every);
  }
  // The test has tried something: the run has come on, by as much as it was let.
  expect(newest).toBeGreaterThan(kills);
  expect(newest).toBeLessThan(steps);
  const { code, errors } = await train({ folder: broken });
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  expect((await unbroken).code).toBe(0);
  await expectSameCheckpoint(broken, whole, `step-${String(steps).padStart(8, "0")}`);
  const told = async (folder: string) => {
    const lines = (await readFile(join(folder, "metrics.jsonl"), "utf8")).trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line)).map(({ type, step, loss }) => [type, step, loss]);
  };
  // The line of a checkpoint that was whole a moment before the kill is missing; everything else is there, once.
  const withoutCheckpoints = async (folder: string) => (await told(folder)).filter(([type]) => type !== "checkpoint");
  expect(await withoutCheckpoints(broken)).toEqual(await withoutCheckpoints(whole));
  // The same of a tracker's file: step, loss, rate and norm of every row.
  const rows = async (folder: string) =>
    (await readFile(join(folder, "metrics.csv"), "utf8")).split("\n").map((row) => row.split(",").slice(0, 4));
  expect(await rows(broken)).toEqual(await rows(whole));
  expect((await readdir(broken)).filter((name) => name.startsWith("."))).toEqual([]);
});
