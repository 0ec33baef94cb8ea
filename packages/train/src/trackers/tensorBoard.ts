// Event files that TensorBoard opens: `tensorboard --logdir FOLDER`.
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { TrainError } from "../errors.ts";
import { flatSettings, scalarsOf } from "./scalars.ts";
import { scalarsEvent, settingsEvent, startEvent, textEvent, versionEvent } from "./tensorBoardEvents.ts";
import { tfRecord } from "./tfRecord.ts";
import type { Tracker } from "./tracker.ts";

/**
 * Writes a file of events into `folder` (made where missing), one more each time a run goes on. Put the folders of several runs side by
 * side to compare them. Steps taken back are left out by TensorBoard, which reads that from the file. Losses and other numbers are
 * stored in 32 bits, as TensorBoard has them.
 */
export function tensorBoardTracker(folder: string): Tracker {
  let file: Awaited<ReturnType<typeof open>> | undefined;
  const write = async (...events: readonly Uint8Array[]) => {
    try {
      await file!.appendFile(Buffer.concat(events.map(tfRecord)));
    } catch (error) {
      throw failure(folder, error);
    }
  };
  const startAfter = (step: number) => write(startEvent({ wallTime: Date.now() / 1000, step: step + 1 }));
  return {
    async start({ step, settings }) {
      file = await createFile(folder);
      const time = { wallTime: Date.now() / 1000, step: 0 };
      await write(versionEvent(time));
      await startAfter(step);
      if (step > 0) return;
      const flat = flatSettings(settings);
      await write(settingsEvent(time, flat), textEvent(time, { tag: "settings", markdown: tableOf(flat) }));
    },
    rewindTo: startAfter,
    async record(event) {
      const scalars = scalarsOf(event);
      if (Object.keys(scalars).length === 0) return;
      await write(scalarsEvent({ wallTime: Date.now() / 1000, step: event.step }, scalars));
    },
    async finish() {
      await file?.close();
      file = undefined;
    },
  };
}

/** TensorBoard reads a folder's files in the order of their names: by time. */
async function createFile(folder: string): ReturnType<typeof open> {
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw failure(folder, error);
  });
  for (let milliseconds = Date.now(); ; milliseconds++) {
    const seconds = String(Math.floor(milliseconds / 1000)).padStart(10, "0");
    const name = `events.out.tfevents.${seconds}.${String(milliseconds % 1000).padStart(3, "0")}`;
    try {
      return await open(join(folder, name), "ax");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw failure(folder, error);
    }
  }
}

function tableOf(settings: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(settings).map(([name, value]) => `| ${name} | ${String(value).replaceAll("|", "\\|")} |`);
  return ["| setting | value |", "| --- | --- |", ...rows].join("\n");
}

function failure(folder: string, error: unknown): TrainError {
  const reason = (error as Error).message;
  return new TrainError(
    `tensorBoardTracker: ${folder} cannot be written: ${reason} (choose another folder, or free space)`,
    {
      cause: error,
    },
  );
}
