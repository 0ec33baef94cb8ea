import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gpt } from "@llm/model";
import { referenceExecutor } from "@llm/tensor";
import { afterEach, beforeEach, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../../test/memoryBatches.ts";
import type { TrainEvent } from "../events.ts";
import { Trainer, type TrainerOptions } from "../trainer.ts";
import type { RunInformation, Tracker } from "./tracker.ts";
import { Trackers } from "./trackers.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-tracked-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Notes what it is told. */
function notingTracker(): { tracker: Tracker; calls: string[]; runs: RunInformation[] } {
  const calls: string[] = [];
  const runs: RunInformation[] = [];
  const tracker: Tracker = {
    start: async (run) => {
      runs.push(run);
      calls.push(`start ${run.step}`);
    },
    record: async (event: TrainEvent) => void calls.push(`${event.type} ${event.step}`),
    rewindTo: async (step) => void calls.push(`rewind ${step}`),
    finish: async (end) => void calls.push(end),
  };
  return { tracker, calls, runs };
}

function newTrainer(tracker: Tracker, options: Partial<TrainerOptions> = {}) {
  return new Trainer({
    model: new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8 }),
    data: memoryBatches(countingBatches(5)),
    steps: 2,
    seed: 4,
    checkpoints: { folder },
    trackers: [tracker],
    progress: false,
    executor: referenceExecutor(),
    ...options,
  });
}

it("are told the run, its events in order, and how it ended", async () => {
  const { tracker, calls, runs } = notingTracker();
  await newTrainer(tracker).run();
  expect(calls).toEqual(["start 0", "step 1", "step 2", "checkpoint 2", "finished"]);
  expect(runs[0]).toMatchObject({ step: 0, steps: 2, parameters: 1024, settings: { seed: 4, accumulation: 1 } });
  await newTrainer(tracker, { steps: 3 }).run();
  expect(calls.slice(5)).toEqual(["start 2", "step 3", "checkpoint 3", "finished"]);
});

it("are told that a run was stopped, left or failed", async () => {
  const { tracker, calls } = notingTracker();
  const callbacks: TrainerOptions["callbacks"] = [{ afterStep: (_, stop) => stop() }];
  await newTrainer(tracker, { callbacks }).run();
  expect(calls.splice(0)).toEqual(["start 0", "step 1", "checkpoint 1", "stopped"]);
  for await (const event of newTrainer(tracker, { steps: 3 })) if (event.type === "step") break;
  expect(calls.splice(0)).toEqual(["start 1", "step 2", "checkpoint 2", "stopped"]);
  const data = memoryBatches(countingBatches(5), { epochs: 1 });
  await expect(newTrainer(tracker, { steps: 9, data }).run()).rejects.toThrow("the data ended at step 6 of 9");
  expect(calls.at(-1)).toBe("failed");
});

it("end the run when one of them fails, and all are finished", async () => {
  const { tracker, calls } = notingTracker();
  const broken: Tracker = {
    ...tracker,
    record: async () => {
      throw new Error("the disk is full");
    },
  };
  await expect(newTrainer(broken, { trackers: [tracker, broken] }).run()).rejects.toThrow("the disk is full");
  expect(calls).toEqual(["start 0", "start 0", "step 1", "checkpoint 1", "failed", "failed"]);
});

it("finish every tracker that began, and tell the first error unless the run's own says more", async () => {
  const { tracker, calls } = notingTracker();
  const broken: Tracker = {
    ...tracker,
    finish: async () => {
      throw new Error("gone");
    },
  };
  const information = { step: 0, steps: 1, parameters: 1, settings: {} };
  const trackers = new Trackers([broken, tracker]);
  await trackers.finish("failed");
  expect(calls).toEqual([]);
  await trackers.start(information);
  await expect(trackers.finish("finished")).rejects.toThrow("gone");
  expect(calls.splice(0)).toEqual(["start 0", "start 0", "finished"]);
  await trackers.start(information);
  await trackers.finish("failed");
  expect(calls.at(-1)).toBe("failed");
});
