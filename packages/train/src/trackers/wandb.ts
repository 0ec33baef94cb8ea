// Weights & Biases, by the files of its offline runs: `wandb sync FOLDER/offline-run-*` sends them, `wandb leet` shows them.
import { randomBytes } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { TrainError } from "../errors.ts";
import type { TrainEvent } from "../events.ts";
import { bytes, type Field, fieldsOf, integer, message, text } from "./protobuf.ts";
import { scalarsOf } from "./scalars.ts";
import type { RunEnd, RunInformation, Tracker } from "./tracker.ts";
import { WandbFile } from "./wandbFile.ts";

export interface WandbOptions {
  /** Of this run alone: a run that goes on looks here for the file it has to go on with. Made where missing. */
  readonly folder: string;
  readonly project: string;
  /** Name of the run. Default: Weights & Biases makes one up. */
  readonly name?: string;
  /** Default: that of whoever syncs. */
  readonly entity?: string;
}

/** Fields of `Record`. */
const field = { number: 1, history: 2, summary: 3, run: 17, exit: 18, header: 21 };
/** The oldest reader that the header asks for. */
const oldestReader = "0.70.0";

/**
 * Writes what the official client writes with `WANDB_MODE=offline`; nothing is sent from here. What comes after the checkpoint of a
 * run that goes on is taken back, as long as it is not synced: Weights & Biases keeps the first value that it is sent of a step.
 */
export function wandbTracker(options: WandbOptions): Tracker {
  let run: OfflineRun | undefined;
  /** Gives a failure to write its place. */
  const written = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      const place = run?.path ?? options.folder;
      const reason = (error as Error).message;
      throw new TrainError(
        `wandbTracker: ${place} cannot be written: ${reason} (choose another folder, or free space)`,
        {
          cause: error,
        },
      );
    }
  };
  return {
    start: (information) =>
      written(async () => {
        run = await OfflineRun.open(options, information);
      }),
    record: (event) => written(() => run!.record(event)),
    rewindTo: (step) => written(() => run!.rewindTo(step)),
    finish: (end) =>
      written(async () => {
        await run?.finish(end);
        run = undefined;
      }),
  };
}

interface Row {
  readonly step: number;
  /** Offset in the file. */
  readonly start: number;
  /** Records before it. */
  readonly recordsBefore: number;
}

class OfflineRun {
  readonly #file: WandbFile;
  readonly #started = performance.now();
  /** Where the row of each step begins, ascending. */
  readonly #rows: Row[] = [];
  #records = 0;
  /** What the row of the newest step holds: several events can be of one step, and a step must have one row. */
  #newest: Record<string, number> = {};

  private constructor(file: WandbFile) {
    this.#file = file;
  }

  static async open(options: WandbOptions, information: RunInformation): Promise<OfflineRun> {
    const existing = information.step > 0 ? await newestRun(options.folder) : undefined;
    return existing === undefined
      ? OfflineRun.#create(options, information)
      : OfflineRun.#goOn(existing, information.step);
  }

  static async #create(options: WandbOptions, { settings }: RunInformation): Promise<OfflineRun> {
    const id = randomBytes(4).toString("hex");
    const time = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "_");
    const folder = join(options.folder, `offline-run-${time}-${id}`);
    await mkdir(join(folder, "files"), { recursive: true });
    const run = new OfflineRun(await WandbFile.create(join(folder, `run-${id}.wandb`)));
    const version = message(text(1, "@llm/train"), text(2, oldestReader));
    await run.#append(bytes(field.header, message(bytes(1, version))));
    await run.#append(bytes(field.run, runMessage({ ...options, id, settings })));
    return run;
  }

  static async #goOn(path: string, step: number): Promise<OfflineRun> {
    const { file, records } = await WandbFile.open(path);
    const run = new OfflineRun(file);
    run.#records = records.length;
    for (const [i, { data }] of records.entries()) {
      const start = records[i - 1]?.end ?? 0;
      const rowStep = stepOf(data);
      if (rowStep !== undefined) run.#rows.push({ step: rowStep, start, recordsBefore: i });
      // The run goes on: it has not ended.
      if (fieldsOf(data).some(({ number }) => number === field.exit)) await run.#truncate({ start, recordsBefore: i });
    }
    await run.rewindTo(step);
    return run;
  }

  get path(): string {
    return this.#file.path;
  }

  async record(event: TrainEvent): Promise<void> {
    const scalars = scalarsOf(event);
    if (Object.keys(scalars).length === 0) return;
    const { step } = event;
    const before = this.#rows.at(-1);
    if (before?.step === step) {
      this.#newest = { ...this.#newest, ...scalars };
      await this.#truncate(before);
    } else {
      this.#newest = scalars;
      this.#rows.push({ step, start: this.#file.end, recordsBefore: this.#records });
    }
    const time = { _timestamp: Date.now() / 1000, _runtime: (performance.now() - this.#started) / 1000 };
    const items = Object.entries({ ...this.#newest, ...time, _step: step }).map(([name, value]) =>
      bytes(1, message(text(2, name), text(16, JSON.stringify(value)))),
    );
    await this.#append(bytes(field.history, message(...items, bytes(2, message(integer(1, step))))));
    await this.#append(bytes(field.summary, message(...items)));
  }

  async rewindTo(step: number): Promise<void> {
    const first = this.#rows.findIndex((row) => row.step > step);
    if (first < 0) return;
    await this.#truncate(this.#rows[first]!);
    this.#rows.splice(first);
  }

  async finish(end: RunEnd): Promise<void> {
    const runtime = Math.round((performance.now() - this.#started) / 1000);
    await this.#append(bytes(field.exit, message(integer(1, end === "failed" ? 1 : 0), integer(2, runtime))));
    await this.#file.close();
  }

  async #append(content: Field): Promise<void> {
    this.#records++;
    await this.#file.append(message(integer(field.number, this.#records), content));
  }

  /** Takes back everything from a row on. */
  async #truncate({ start, recordsBefore }: Pick<Row, "start" | "recordsBefore">): Promise<void> {
    await this.#file.truncate(start);
    this.#records = recordsBefore;
  }
}

function runMessage(run: WandbOptions & { id: string; settings: Readonly<Record<string, unknown>> }): Uint8Array {
  const config = Object.entries({ _wandb: {}, ...run.settings }).flatMap(([key, value]) =>
    value === undefined ? [] : bytes(1, message(text(1, key), text(16, JSON.stringify(value)))),
  );
  const now = Date.now();
  const startTime = message(integer(1, Math.floor(now / 1000)), integer(2, (now % 1000) * 1e6));
  return message(
    text(1, run.id),
    ...(run.entity === undefined ? [] : [text(2, run.entity)]),
    text(3, run.project),
    bytes(4, message(...config)),
    ...(run.name === undefined ? [] : [text(8, run.name)]),
    bytes(17, startTime),
  );
}

/** Path of the file of the newest run in a folder. */
async function newestRun(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  const newest = names
    .filter((name) => name.startsWith("offline-run-"))
    .sort()
    .at(-1);
  return newest && join(folder, newest, `run-${newest.split("-").at(-1)}.wandb`);
}

/** The step of a row of the history; undefined for other records. */
function stepOf(record: Uint8Array): number | undefined {
  const history = fieldsOf(record).find(({ number }) => number === field.history)?.value;
  if (!(history instanceof Uint8Array)) return undefined;
  const step = fieldsOf(history).find(({ number }) => number === 2)?.value;
  return step instanceof Uint8Array ? Number(fieldsOf(step)[0]?.value) : undefined;
}
