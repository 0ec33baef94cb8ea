// Disks that cannot take a checkpoint.
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gpt, loadModel } from "@llm/model";
import { referenceExecutor } from "@llm/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import { listCheckpoints, removeCheckpointsAfter } from "./checkpoint.ts";
import { TrainError } from "./errors.ts";
import { Trainer } from "./trainer.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "llm-checkpoint-"));
});
afterEach(async () => {
  for (const folder of mounted.splice(0)) unmount(folder);
  await rm(root, { recursive: true, force: true });
});

/** Weights of about 50 KB, so checkpoints of about 150 KB. */
const train = (folder: string, steps: number) =>
  new Trainer({
    model: new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 32 }),
    data: memoryBatches(countingBatches(5)),
    steps,
    checkpoints: { folder, every: 1, keep: 5 },
    metricsFile: join(root, "metrics.jsonl"),
    progress: false,
    executor: referenceExecutor(),
  }).run();

const failureOf = (run: Promise<unknown>): Promise<Error> =>
  run.then(
    () => expect.unreachable("the run should fail"),
    (error: Error) => error,
  );

const mounted: string[] = [];
const mount = (...args: string[]) => spawnSync("mount", args).status === 0;
const unmount = (folder: string) => spawnSync("umount", [folder]);

/** Whether this process may mount file systems: in a container it often may not. */
const mayMount = await (async () => {
  const folder = await mkdtemp(join(tmpdir(), "llm-mount-"));
  const may = mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", folder);
  if (may) unmount(folder);
  await rm(folder, { recursive: true });
  return may;
})();

describe.skipIf(!mayMount)("a disk of its own", () => {
  it("that is full: the error names the place, earlier checkpoints stay whole, and the run goes on when there is room", async () => {
    const folder = join(root, "disk");
    await mkdir(folder);
    expect(mount("-t", "tmpfs", "-o", "size=420k", "tmpfs", folder)).toBe(true);
    mounted.push(folder);
    const error = await failureOf(train(folder, 6));
    expect(error).toBeInstanceOf(TrainError);
    const saved = await listCheckpoints(folder);
    const [last, next] = [saved.at(-1)!, saved.at(-1)! + 1].map((step) => join(folder, `step-0000000${step}`));
    expect(error.message).toContain(`checkpoint of step ${saved.length + 1} could not be written to ${next}: ENOSPC`);
    expect(error.message).toContain(`last good checkpoint: ${last}`);
    expect(saved.length).toBeGreaterThan(0);
    expect(await readdir(folder)).toEqual(saved.map((step) => `step-0000000${step}`));
    for (const step of saved) await loadModel(join(folder, `step-0000000${step}`));
    expect(mount("-o", "remount,size=4m", folder)).toBe(true);
    expect(await train(folder, 6)).toMatchObject({ steps: 6, interrupted: false });
    expect(await listCheckpoints(folder)).toEqual([2, 3, 4, 5, 6]);
  });

  it("that is read-only: the error names it before the first step, and the checkpoints stay", async () => {
    const folder = join(root, "disk");
    await mkdir(folder);
    expect(mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", folder)).toBe(true);
    mounted.push(folder);
    await train(folder, 2);
    expect(mount("-o", "remount,ro", folder)).toBe(true);
    const error = await failureOf(train(folder, 3));
    expect(error).toBeInstanceOf(TrainError);
    expect(error.message).toContain(`Trainer: checkpoints.folder ${folder} cannot be written: EROFS`);
    expect(await listCheckpoints(folder)).toEqual([1, 2]);
  });
});

it("a folder that cannot be made is named", async () => {
  const file = join(root, "file");
  await writeFile(file, "");
  const folder = join(file, "run");
  const error = await failureOf(train(folder, 1));
  expect(error).toBeInstanceOf(TrainError);
  expect(error.message).toContain(`Trainer: checkpoints.folder ${folder} cannot be written: ENOTDIR`);
});

it("checkpoints are taken back from the newest on", async () => {
  await train(root, 4);
  await removeCheckpointsAfter(root, 2);
  expect(await listCheckpoints(root)).toEqual([1, 2]);
  expect((await readdir(root)).sort()).toEqual(["metrics.jsonl", "step-00000001", "step-00000002"]);
});
