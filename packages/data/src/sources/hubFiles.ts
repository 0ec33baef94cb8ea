// Data sets of the Hugging Face hub: files listed through its HTTP API and read in ranges, at one commit.
import picomatch from "picomatch";
import { DataError, FileError, systemReason } from "../errors.ts";
import { describeFile, type InputFile } from "../inputFile.ts";
import { formatOfName } from "./documentFormat.ts";
import { Connection, type HttpOptions } from "./httpConnection.ts";
import { httpSource } from "./httpSource.ts";
import { mebibyte, type ReadOptions } from "./readOptions.ts";

/** Where the hub is, and who asks. */
export interface HubOptions {
  /** Default: `HF_ENDPOINT`, or `https://huggingface.co`. */
  readonly endpoint?: string;
  /** For private and gated data sets. Default: `HF_TOKEN`. */
  readonly token?: string;
}

/** A data set's address, taken apart. */
interface HubAddress {
  readonly name: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Path, folder or pattern within the data set; "" for all of it. */
  readonly path: string;
}

interface Hub {
  readonly endpoint: string;
  readonly http: HttpOptions;
}

/** True for `hf://…`. */
export function isHubAddress(input: string): boolean {
  return input.startsWith("hf://");
}

/**
 * The files behind `hf://datasets/owner/name[@revision][/path]`, where the path may be a file, a folder or a pattern.
 * (Data sets without an owner can only be named without a path.) Without a path: the Parquet files where there are any, otherwise all of known kinds. `@~parquet` stands for the branch
 * to which the hub itself converts data sets. Paths of files name the commit, so that a position fits only this state.
 * @throws DataError for an address that names nothing; FileError for a data set that cannot be read.
 */
export async function hubFiles(address: string, options: ReadOptions): Promise<InputFile[]> {
  const { name, revision, path } = parseAddress(address);
  const hub = openHub(options);
  const commit = await findCommit(hub, { name, revision }, options.signal);
  const listed: { path: string; size: number | undefined }[] = [];
  for await (const file of listFiles(hub, name, commit, options.signal)) listed.push(file);
  const chosen = chooseFiles(listed, path, options);
  if (chosen.length === 0) {
    const seen = listed.slice(0, 10).map((file) => file.path);
    throw new DataError(
      `${address}: no file of a known kind there (the data set holds ${seen.join(", ") || "nothing"})`,
    );
  }
  return chosen.map(({ path: file, size }) => {
    const connection = new Connection(
      `${hub.endpoint}/datasets/${name}/resolve/${commit}/${encodePath(file)}`,
      hub.http,
    );
    const named = `hf://datasets/${name}@${commit}/${file}`;
    return describeFile(named, file, options, size, async () => httpSource({ connection, size, tag: null }));
  });
}

function parseAddress(address: string): HubAddress {
  const match = /^hf:\/\/datasets\/([^/@]+(?:\/[^/@]+)?)(?:@(~parquet|refs\/[^/]+\/[^/]+|[^/]+))?(?:\/(.*))?$/s.exec(
    address,
  );
  const [, name = "", revision = "main", path = ""] = match ?? [];
  if (!match) {
    throw new DataError(
      `${address}: expected hf://datasets/owner/name, with @revision and /path where they are wanted`,
    );
  }
  return { name, revision: revision === "~parquet" ? "refs/convert/parquet" : revision, path };
}

function openHub({ hub = {}, http = {} }: ReadOptions): Hub {
  const endpoint = hub.endpoint ?? process.env.HF_ENDPOINT ?? "https://huggingface.co";
  const token = hub.token ?? process.env.HF_TOKEN;
  const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  return { endpoint: endpoint.replace(/\/$/, ""), http: { ...http, headers: { ...http.headers, ...authorization } } };
}

async function findCommit(
  hub: Hub,
  { name, revision }: Omit<HubAddress, "path">,
  signal?: AbortSignal,
): Promise<string> {
  const address = `${hub.endpoint}/api/datasets/${name}/revision/${encodeURIComponent(revision)}`;
  const { value } = await fetchJson(hub, address, signal);
  const sha = (value as { sha?: unknown }).sha;
  if (typeof sha === "string") return sha;
  throw new FileError(`${address}: expected the commit in "sha", got none (is the endpoint a hub?)`);
}

async function* listFiles(
  hub: Hub,
  name: string,
  commit: string,
  signal?: AbortSignal,
): AsyncGenerator<{ path: string; size: number | undefined }> {
  let address: string | undefined = `${hub.endpoint}/api/datasets/${name}/tree/${commit}?recursive=true`;
  while (address !== undefined) {
    const { value, next }: { value: unknown; next: string | undefined } = await fetchJson(hub, address, signal);
    if (!Array.isArray(value)) throw new FileError(`${address}: expected a list of files, got something else`);
    for (const entry of value as { type?: unknown; path?: unknown; size?: unknown }[]) {
      if (entry.type !== "file" || typeof entry.path !== "string") continue;
      yield { path: entry.path, size: Number.isSafeInteger(entry.size) ? (entry.size as number) : undefined };
    }
    address = next;
  }
}

async function fetchJson(
  hub: Hub,
  address: string,
  signal?: AbortSignal,
): Promise<{ value: unknown; next: string | undefined }> {
  const answer = await new Connection(address, hub.http).whole(signal, 64 * mebibyte);
  if (answer === undefined) {
    throw new FileError(`${address}: there is no such data set or revision (private ones need a token: HF_TOKEN)`);
  }
  try {
    // The list goes on at the same hub, whatever host the link names: mirrors pass on another's, and the token is not for it.
    const next = /<[^>]*?(\/api\/[^>]+)>\s*;\s*rel="next"/.exec(answer.headers.get("link") ?? "")?.[1];
    const value: unknown = JSON.parse(answer.body.toString("utf8"));
    return { value, next: next === undefined ? undefined : `${hub.endpoint}${next}` };
  } catch (error) {
    throw new FileError(`${address}: expected JSON, got something else: ${systemReason(error)}`, { cause: error });
  }
}

function chooseFiles<F extends { readonly path: string }>(
  files: readonly F[],
  path: string,
  options: ReadOptions,
): F[] {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const exact = sorted.filter((file) => file.path === path);
  if (exact.length > 0) return exact;
  if (picomatch.scan(path).isGlob) return sorted.filter((file) => picomatch.isMatch(file.path, path));
  const folder = path === "" || path.endsWith("/") ? path : `${path}/`;
  const within = sorted.filter((file) => file.path.startsWith(folder) && formatOfName(file.path) !== undefined);
  const tables = within.filter((file) => formatOfName(file.path) === "parquet");
  if (tables.length > 0 && options.format === undefined) return tables;
  // The card that describes a data set is no part of it.
  return within.filter((file) => !/(^|\/)readme\.md$/i.test(file.path));
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
