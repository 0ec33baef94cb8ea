import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { evaluationEvent, runAt, stepEvent } from "../../test/trackedRun.ts";
import { crc32c } from "./crc32c.ts";
import { tensorBoardTracker } from "./tensorBoard.ts";
import { tfRecord } from "./tfRecord.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-tensorboard-"));
  vi.useFakeTimers({ now: 1_700_000_000_250, toFake: ["Date"] });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

const filesOf = (name: string) => readdirSync(join(folder, name)).map((file) => join(folder, name, file));

/** The run of the committed files: two sittings, steps taken back in each. tools/fixtures/check_tensorboard.py opens what it wrote. */
async function writeRun(): Promise<void> {
  const first = tensorBoardTracker(join(folder, "run"));
  await first.start(runAt(0));
  for (const step of [1, 2, 3, 4]) await first.record(stepEvent(step));
  await first.rewindTo(3);
  await first.record(stepEvent(4, 5.5));
  await first.finish("failed");
  const second = tensorBoardTracker(join(folder, "run"));
  await second.start(runAt(2));
  await second.record(stepEvent(3, 3.25));
  await second.record(evaluationEvent(3));
  await second.record({ type: "checkpoint", step: 3, path: "step-3" });
  await second.finish("finished");
}

it("knows the checksum of RFC 3720", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
});

it("frames a record as TensorFlow does", () => {
  // TensorBoard's RecordWriter writes this for b"abc".
  expect(Buffer.from(tfRecord(new TextEncoder().encode("abc"))).toString("hex")).toBe(
    "0300000000000000b099490e6162636e57f121",
  );
});

it("writes the bytes that TensorBoard was seen to open", async () => {
  await writeRun();
  const written = filesOf("run");
  const expected = new URL("./__fixtures__/tensorboard/", import.meta.url);
  expect(written.map((path) => path.slice(folder.length + 5))).toEqual(readdirSync(expected).sort());
  for (const path of written) {
    const file = new URL(path.slice(folder.length + 5), expected);
    expect(readFileSync(path).equals(readFileSync(file)), path).toBe(true);
  }
});

it("names a folder that cannot be written", async () => {
  const path = join(folder, "file");
  await writeFile(path, "");
  await expect(tensorBoardTracker(path).start(runAt(0))).rejects.toThrow(
    `tensorBoardTracker: ${path} cannot be written: EEXIST`,
  );
});
