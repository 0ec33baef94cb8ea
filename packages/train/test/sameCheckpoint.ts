// Two checkpoints, byte by byte.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";

/** That `step` of two checkpoint folders has the same files with the same bytes. */
export async function expectSameCheckpoint(folder: string, other: string, step: string): Promise<void> {
  const names = await readdir(join(folder, step));
  expect(names.sort()).toEqual([
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "optimizer.safetensors",
    "trainer_state.json",
  ]);
  for (const name of names) {
    const [one, two] = await Promise.all([folder, other].map((path) => readFile(join(path, step, name))));
    expect(one!.equals(two!), name).toBe(true);
  }
}
