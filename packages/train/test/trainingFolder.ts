// For tests that train in processes of their own: a folder with token shards, and runs that do not outlive the test that began them.
import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type StartOptions, startTraining, type Training } from "./startTraining.ts";
import { writeTinyShards } from "./tinyShards.ts";
import type { ProcessSettings } from "./trainingProcess.ts";

/** Made before the first test of the file and removed after the last. */
export function trainingFolder() {
  let root: string;
  const started: ChildProcess[] = [];
  const shards = () => join(root, "shards");
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "llm-training-"));
    await writeTinyShards(shards());
  });
  // A test that fails midway leaves no process behind.
  afterEach(() => {
    for (const child of started.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
  });
  afterAll(() => rm(root, { recursive: true, force: true }));
  return {
    path: (name: string) => join(root, name),
    /** Trains in a process of its own to its end. */
    train(settings: Omit<ProcessSettings, "shards">, options?: StartOptions): Training["ended"] {
      const { child, ended } = startTraining({ ...settings, shards: shards() }, options);
      started.push(child);
      return ended;
    },
  };
}
