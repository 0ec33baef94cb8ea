// Which files belong to which shard, stored beside the results so that every process and every later run agrees on it.
import { hash, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError, FileError, FormatError, systemReason } from "../errors.ts";
import { findInputFiles } from "../inputFiles.ts";
import type { ReadOptions } from "../sources/readOptions.ts";

const format = "llm-shard-plan";
const version = 1;

/** A file as it was when the plan was made. */
interface PlannedFile {
  readonly path: string;
  /** Bytes, where the file's place tells them. */
  readonly size?: number;
  /** Time of the last change in milliseconds, of files on disk. */
  readonly modified?: number;
}

/** The content of `plan.json`. */
export interface ShardPlan {
  readonly format: typeof format;
  readonly version: typeof version;
  /** A digest of all that the results depend on besides the files. */
  readonly settings: string;
  /** The files of each shard: together all files, in their order. */
  readonly shards: readonly (readonly PlannedFile[])[];
}

/** What a plan is made from. */
export interface PlanOptions {
  readonly input: string | readonly string[];
  readonly readOptions: ReadOptions;
  /** Default: one shard for each file. */
  readonly shards?: number | undefined;
  /** Anything that the results depend on, as JSON. */
  readonly settings: unknown;
}

/** Divides the files of `input` into shards: runs of neighbouring files of about the same number of bytes. */
export async function makePlan({ input, readOptions, shards, settings }: PlanOptions): Promise<ShardPlan> {
  const found = await findInputFiles(typeof input === "string" ? [input] : input, readOptions);
  const files = await Promise.all(found.map(({ path, size }) => describe(path, size)));
  const count = shards ?? files.length;
  if (!Number.isInteger(count) || count < 1 || count > files.length) {
    throw new DataError(
      `shards: expected a whole number from 1 to ${files.length}, the number of input files, got ${count} (a file is never divided: split large ones first)`,
    );
  }
  return { format, version, settings: digestOf(settings), shards: divide(files, count) };
}

/**
 * Stores the plan in `folder`, or holds it against the one that is there already.
 * @throws DataError when the stored plan is another one: its results would be mixed with those of this run.
 */
export async function storePlan(folder: string, plan: ShardPlan): Promise<void> {
  const path = join(folder, "plan.json");
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(partial, JSON.stringify(plan), { flush: true });
    // Unlike a rename, a link never replaces the plan of a process that was quicker.
    await link(partial, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw new FileError(`${path}: could not be written: ${systemReason(error)}`, { cause: error });
    }
    const difference = differenceOf(await readPlan(folder), plan);
    if (difference === undefined) return;
    throw new DataError(`${path}: ${difference} (choose another output folder, or delete this one to start afresh)`);
  } finally {
    await rm(partial, { force: true });
  }
}

/**
 * The plan stored in `folder`.
 * @throws FileError where there is none; FormatError where it is not a plan of this version.
 */
export async function readPlan(folder: string): Promise<ShardPlan> {
  const path = join(folder, "plan.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const advice = "expected a folder that processShards or deduplicateShards has written";
    throw new FileError(`${path}: could not be read: ${systemReason(error)} (${advice})`, { cause: error });
  }
  const plan = parsePlan(text);
  if (plan) return plan;
  throw new FormatError(
    { file: path },
    "invalid shard plan",
    `expected a plan of version ${version} (start in a new folder)`,
  );
}

function parsePlan(text: string): ShardPlan | undefined {
  try {
    const plan = JSON.parse(text) as Partial<ShardPlan>;
    return plan.format === format && plan.version === version && Array.isArray(plan.shards)
      ? (plan as ShardPlan)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A digest of a JSON value. */
export function digestOf(value: unknown): string {
  return hash("sha256", JSON.stringify(value) ?? "undefined");
}

async function describe(path: string, size: number | undefined): Promise<PlannedFile> {
  const found = await stat(path).catch(() => undefined);
  return {
    path,
    ...(size === undefined ? {} : { size }),
    ...(found === undefined ? {} : { modified: Math.trunc(found.mtimeMs) }),
  };
}

/** `count` runs of neighbours, none empty, whose ends lie as near as possible to equal shares of the bytes. */
function divide(files: readonly PlannedFile[], count: number): PlannedFile[][] {
  // An unknown size counts as one byte, so that addresses are divided evenly.
  const weight = (file: PlannedFile) => Math.max(1, file.size ?? 1);
  const total = files.reduce((sum, file) => sum + weight(file), 0);
  const shards: PlannedFile[][] = [];
  let from = 0;
  let passed = 0;
  for (let shard = 0; shard < count; shard++) {
    const end = (total * (shard + 1)) / count;
    let to = from + 1;
    passed += weight(files[from]!);
    // Each shard after this one needs a file.
    const last = files.length - (count - 1 - shard);
    while (to < last && (shard === count - 1 || passed + weight(files[to]!) / 2 <= end)) passed += weight(files[to++]!);
    shards.push(files.slice(from, to));
    from = to;
  }
  return shards;
}

function differenceOf(stored: ShardPlan, wanted: ShardPlan): string | undefined {
  if (stored.shards.length !== wanted.shards.length) {
    return `the folder was begun with ${stored.shards.length} shards, now it would be ${wanted.shards.length}`;
  }
  const before = new Map(stored.shards.flat().map((file) => [file.path, file]));
  for (const file of wanted.shards.flat()) {
    const known = before.get(file.path);
    if (!known) return `the folder was begun without the input ${file.path}`;
    if (known.size !== file.size || known.modified !== file.modified) return `the input ${file.path} has changed since`;
    before.delete(file.path);
  }
  const [missing] = before.keys();
  if (missing !== undefined) return `the folder was begun with the input ${missing}, which is not among the inputs now`;
  if (stored.settings !== wanted.settings) {
    return "the folder was begun with another pipeline module, other parameters or other options";
  }
  return JSON.stringify(stored.shards) === JSON.stringify(wanted.shards)
    ? undefined
    : "the order of the inputs has changed";
}
