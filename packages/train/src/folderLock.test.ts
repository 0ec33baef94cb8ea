// What a killed training leaves of its lock is taken over: test/kill.test.ts starts again after each kill.
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { lockFolder } from "./folderLock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-lock-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("is held by one training at a time, under whichever path", async () => {
  const other = `${folder}-other`;
  await symlink(folder, other, "junction");
  const first = await lockFolder(folder);
  for (const path of [folder, other]) {
    await expect(lockFolder(path)).rejects.toThrow(
      `Trainer: another training is writing to ${path} (stop it first, or choose another checkpoints.folder)`,
    );
  }
  await first[Symbol.asyncDispose]();
  const second = await lockFolder(other);
  await second[Symbol.asyncDispose]();
  await rm(other);
});
