// Common Crawl: pages found through its index and fetched by their ranges alone, and whole WARC and WET files by its lists.
import { DataError, FileError } from "../errors.ts";
import type { InputFile, InputLocation } from "../inputFile.ts";
import type { ByteSource } from "./byteSource.ts";
import { decompress } from "./compression.ts";
import { Connection, type HttpOptions } from "./httpConnection.ts";
import { httpSource, openHttpSource } from "./httpSource.ts";
import { mebibyte, type ReadOptions } from "./readOptions.ts";

const dataAddress = "https://data.commoncrawl.org";
const indexAddress = "https://index.commoncrawl.org";

/** A crawl, and where Common Crawl's servers are. */
export interface CommonCrawlOptions {
  /** Name of the crawl, such as `"CC-MAIN-2024-10"`. */
  readonly crawl: string;
  /** Server of the files. Default `https://data.commoncrawl.org`. */
  readonly dataEndpoint?: string;
}

/** Which pages are taken from the index. */
export interface CommonCrawlPagesOptions extends CommonCrawlOptions {
  /** Address, with a `*` at its start for all subdomains or at its end for all that begins so: `"*.example.org"`, `"example.org/docs/*"`. */
  readonly url: string;
  /** Media types to take, as the crawler found them. Default `["text/html", "application/xhtml+xml"]`. */
  readonly mediaTypes?: readonly string[];
  /** Languages to take (ISO 639-3, such as `"eng"`), where the first one found on a page counts. Default: all. */
  readonly languages?: readonly string[];
  /** Most pages to take. Default: all. */
  readonly limit?: number;
  /** Server of the index. Default `https://index.commoncrawl.org`. */
  readonly indexEndpoint?: string;
}

/** Which of a crawl's files are taken. */
export interface CommonCrawlFilesOptions extends CommonCrawlOptions {
  /** Pages as HTML (`"warc"`) or the text that Common Crawl took from them (`"wet"`). */
  readonly kind: "warc" | "wet";
  /** First file to take, from 0. Default 0. */
  readonly start?: number;
  /** How many files to take. Default: all, some 90,000. */
  readonly count?: number;
}

/** One page of the index (CDXJ). */
interface IndexedPage {
  readonly filename: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * The captures of `url` in a crawl that were found (HTTP 200), one WARC record each: the index is asked page by page,
 * then only these records' bytes are fetched.
 *
 * @example
 * readDocuments(commonCrawlPages({ crawl: "CC-MAIN-2024-10", url: "*.example.org", languages: ["eng"], limit: 100 }))
 */
export function commonCrawlPages(options: CommonCrawlPagesOptions): InputLocation {
  checkCounts({ limit: options.limit });
  const name = `Common Crawl ${checkCrawl(options.crawl)}, ${options.url}`;
  const files = async ({ http = {}, signal }: ReadOptions): Promise<InputFile[]> => {
    const found: InputFile[] = [];
    for await (const page of indexedPages(options, http, signal)) {
      if (found.length === options.limit) break;
      found.push(pageFile(page, options.dataEndpoint ?? dataAddress, http));
    }
    return found;
  };
  return { name, files };
}

/**
 * A crawl's WARC or WET files, in the order of its list (`warc.paths.gz`, `wet.paths.gz`). Each is opened when its turn
 * comes.
 *
 * @example
 * readDocuments(commonCrawlFiles({ crawl: "CC-MAIN-2024-10", kind: "wet", start: 100, count: 10 }))
 */
export function commonCrawlFiles(options: CommonCrawlFilesOptions): InputLocation {
  checkCounts({ start: options.start, count: options.count });
  const endpoint = options.dataEndpoint ?? dataAddress;
  const list = `${endpoint}/crawl-data/${checkCrawl(options.crawl)}/${options.kind}.paths.gz`;
  const files = async ({ http = {}, signal }: ReadOptions): Promise<InputFile[]> => {
    const source = await openHttpSource(new Connection(list, http), signal);
    const paths = await readList(source, signal);
    const start = options.start ?? 0;
    return paths.slice(start, options.count === undefined ? undefined : start + options.count).map((path) => {
      const address = `${endpoint}/${path}`;
      const open: InputFile["open"] = (opening) => openHttpSource(new Connection(address, http), opening);
      return { path: address, format: "warc", compression: "gzip", size: undefined, open };
    });
  };
  return { name: list, files };
}

function checkCrawl(crawl: string): string {
  if (/^CC-[A-Z0-9-]+$/.test(crawl)) return crawl;
  throw new DataError(`commonCrawl: crawl: expected a name such as "CC-MAIN-2024-10", got ${JSON.stringify(crawl)}`);
}

function checkCounts(counts: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (value === undefined || (Number.isInteger(value) && value >= 0)) continue;
    throw new DataError(`commonCrawl: ${name}: expected a whole number from 0 on, got ${value}`);
  }
}

function pageFile({ filename, offset, length }: IndexedPage, endpoint: string, http: HttpOptions): InputFile {
  const address = `${endpoint}/${filename}`;
  const whole = httpSource({ connection: new Connection(address, http), size: offset + length, tag: null });
  const source: ByteSource = {
    size: length,
    read: (start, end = length, signal) => whole.read(offset + start, offset + Math.min(end, length), signal),
  };
  const path = `${address}#${offset}+${length}`;
  return { path, format: "warc", compression: "gzip", size: length, open: async () => source };
}

async function* indexedPages(
  options: CommonCrawlPagesOptions,
  http: HttpOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<IndexedPage> {
  const index = `${options.indexEndpoint ?? indexAddress}/${options.crawl}-index`;
  const query = new URLSearchParams({ url: options.url, output: "json", filter: "=status:200" });
  const ask = async (more: string): Promise<string | undefined> => {
    const answer = await new Connection(`${index}?${query}&${more}`, http).whole(signal, 256 * mebibyte);
    return answer?.body.toString("utf8");
  };
  const count = await ask("showNumPages=true");
  // The index answers 404 where it knows no capture.
  if (count === undefined) return;
  const { pages } = parseLine(count, index) as { pages?: unknown };
  const mediaTypes = new Set(options.mediaTypes ?? ["text/html", "application/xhtml+xml"]);
  for (let page = 0; page < Number(pages); page += 1) {
    for (const line of ((await ask(`page=${page}`)) ?? "").split("\n")) {
      if (line.trim() === "") continue;
      const capture = parseLine(line, index);
      if (!mediaTypes.has(String(capture["mime-detected"] ?? capture.mime))) continue;
      const language = String(capture.languages ?? "").split(",")[0] ?? "";
      if (options.languages && !options.languages.includes(language)) continue;
      yield checkPage(capture, index);
    }
  }
}

function parseLine(line: string, index: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch (error) {
    const start = JSON.stringify(line.slice(0, 60));
    throw new FileError(`${index}: expected JSON lines, got ${start} (is it an index server?)`, { cause: error });
  }
}

function checkPage(capture: Record<string, unknown>, index: string): IndexedPage {
  const [offset, length] = [Number(capture.offset), Number(capture.length)];
  if (typeof capture.filename === "string" && offset >= 0 && length > 0) {
    return { filename: capture.filename, offset, length };
  }
  throw new FileError(`${index}: expected filename, offset and length, got ${JSON.stringify(capture).slice(0, 200)}`);
}

async function readList(source: ByteSource, signal: AbortSignal | undefined): Promise<string[]> {
  const chunks: Buffer[] = [];
  const stored = source.read(0, undefined, signal) as AsyncIterable<Buffer>;
  for await (const chunk of decompress(stored, "gzip", { onProduced: () => {} })) chunks.push(chunk);
  return Buffer.concat(chunks)
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}
