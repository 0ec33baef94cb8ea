// Numbers of a run as comma-separated values: a row for each event that has numbers, a column for each number.
import type { TrainEvent } from "../events.ts";
import { LineFile } from "./lineFile.ts";
import { scalarsOf } from "./scalars.ts";
import type { Tracker } from "./tracker.ts";

/**
 * Writes the file at `path`, made with its folder where missing. The first column is the step; a number that comes up later in a run
 * gets a column of its own at the end, empty in the rows before.
 */
export function csvTracker(path: string): Tracker {
  const file = new LineFile(path);
  let columns: string[] = [];
  const rewindTo = async (step: number) => {
    const [header, ...rows] = await file.read();
    columns = header?.split(",").slice(1) ?? [];
    await file.replace([headerOf(columns), ...rows.filter((row) => stepOf(row) <= step)]);
  };
  const addColumns = async (names: readonly string[]) => {
    const [, ...rows] = await file.read();
    columns = [...columns, ...names];
    await file.replace([headerOf(columns), ...rows.map((row) => row + ",".repeat(names.length))]);
  };
  return {
    start: ({ step }) => rewindTo(step),
    rewindTo,
    async record(event: TrainEvent) {
      const scalars = new Map(Object.entries(scalarsOf(event)).map(([name, value]) => [columnName(name), value]));
      if (scalars.size === 0) return;
      const added = [...scalars.keys()].filter((name) => !columns.includes(name));
      if (added.length > 0) await addColumns(added);
      await file.append([event.step, ...columns.map((name) => scalars.get(name) ?? "")].join(","));
    },
    finish: async () => {},
  };
}

function headerOf(columns: readonly string[]): string {
  return ["step", ...columns].join(",");
}

/** A cell without the characters that would need quotes. */
function columnName(name: string): string {
  return name.replaceAll(/[",\r\n]/g, "_");
}

function stepOf(row: string): number {
  return Number(row.slice(0, row.indexOf(",")));
}
