// What says that a shard is whole: a file written after all others, with the size and SHA-256 of each of them.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "../atomicFile.ts";
import type { PipelineReport } from "../pipeline.ts";

/** A file of a finished shard. */
export interface ShardFile {
  /** Path inside the output folder, with forward slashes. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
}

/** The content of a shard's marker. */
export interface ShardMarker {
  readonly files: readonly ShardFile[];
  readonly report: PipelineReport;
}

/** A shard that could not be finished. */
export interface ShardFailure {
  readonly shard: number;
  readonly attempts: number;
  /** The error, with the input file and the place in it. */
  readonly message: string;
}

/** A shard's number as names of files have it. */
export function shardName(shard: number): string {
  return `shard-${String(shard).padStart(6, "0")}`;
}

/** Describes the shard's files as they are on disk and writes the marker; an earlier failure is forgotten. */
export async function markDone(
  folder: string,
  shard: number,
  { files, report }: { readonly files: readonly string[]; readonly report: PipelineReport },
): Promise<void> {
  const described: ShardFile[] = [];
  for (const file of files) described.push({ file, ...(await digestFile(join(folder, file))) });
  const marker: ShardMarker = { files: described, report };
  await writeFileAtomically(markerPath(folder, shard), JSON.stringify(marker));
  await rm(failurePath(folder, shard), { force: true });
}

/** Notes beside the markers why a shard could not be finished. */
export async function markFailed(folder: string, failure: ShardFailure): Promise<void> {
  await writeFileAtomically(failurePath(folder, failure.shard), JSON.stringify(failure));
}

/** The shard's marker, or undefined where there is none or a file of the shard is not there in its full size. */
export async function readMarker(folder: string, shard: number): Promise<ShardMarker | undefined> {
  const marker = await readJson<ShardMarker>(markerPath(folder, shard));
  for (const { file, size } of marker?.files ?? []) {
    const found = await stat(join(folder, file)).catch(() => undefined);
    if (found?.size !== size) return undefined;
  }
  return marker;
}

/** Why the shard failed when it was last tried, if it did. */
export function readFailure(folder: string, shard: number): Promise<ShardFailure | undefined> {
  return readJson<ShardFailure>(failurePath(folder, shard));
}

/** Size and SHA-256 of a file. */
export async function digestFile(path: string): Promise<Omit<ShardFile, "file">> {
  const sha256 = createHash("sha256");
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    sha256.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: sha256.digest("hex") };
}

function markerPath(folder: string, shard: number): string {
  return join(folder, "markers", `${shardName(shard)}.json`);
}

function failurePath(folder: string, shard: number): string {
  return join(folder, "markers", `${shardName(shard)}.failed.json`);
}

/** Undefined for a file that is missing, and for one that is damaged: the shard is made again then. */
async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}
