import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { TemporaryFolder } from "../test/temporaryFolder.ts";
import { AtomicFile } from "./atomicFile.ts";

it("takes the place of what a killed run left", async () => {
  const folder = new TemporaryFolder();
  const path = folder.write("a.txt", "old");
  folder.write("a.txt.partial", "half of something longer");
  const file = await AtomicFile.create(path);
  await file.write(Buffer.from("new"));
  await file.commit();
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(readdirSync(folder.path)).toEqual(["a.txt"]);
});

it("of two that write one file, lets the later one finish and tells the other, whichever ends first", async () => {
  const folder = new TemporaryFolder();
  for (const firstEndsFirst of [true, false]) {
    const path = `${folder.path}/${firstEndsFirst}.txt`;
    const first = await AtomicFile.create(path);
    await first.write(Buffer.from("first, and longer"));
    const second = await AtomicFile.create(path);
    await second.write(Buffer.from("second"));
    if (!firstEndsFirst) await second.commit();
    await expect(first.commit()).rejects.toThrow("another process is writing this file, too");
    await first.discard();
    if (firstEndsFirst) await second.commit();
    expect(readFileSync(path, "utf8")).toBe("second");
  }
  expect(readdirSync(folder.path)).toEqual(["false.txt", "true.txt"]);
});
