// Bytes behind an HTTP address: read in ranges, taken up again where a connection was cut, tried again when a server is busy.
import { setTimeout as wait } from "node:timers/promises";
import { FileError, systemReason } from "../errors.ts";
import type { ByteSource } from "./byteSource.ts";

/** How addresses are fetched. */
export interface HttpOptions {
  /** Headers of every request, for example `{ authorization: "Bearer …" }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How often in a row a request may fail before the reading fails; progress starts the count afresh. Default 5. */
  readonly retries?: number;
  /** Wait before the first new attempt, in milliseconds; doubled for each further one, at most a minute. Default 500. */
  readonly retryDelay?: number;
  /** Longest silence of the server, in milliseconds, before the connection counts as cut. Default 60,000. */
  readonly timeout?: number;
}

const longestWait = 60_000;
const busyStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

/** True for `http://…` and `https://…`. */
export function isHttpAddress(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

/** Something that another attempt may cure. */
class PassingFault extends Error {
  /** Milliseconds that the server asked to wait. */
  readonly retryAfter: number | undefined;

  constructor(message: string, retryAfter?: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/**
 * Asks the server for the size and whether it serves ranges (one request for the first byte).
 * @throws FileError when the address cannot be read, after the retries.
 */
export async function openHttpSource(
  address: string,
  options: HttpOptions = {},
  signal?: AbortSignal,
): Promise<ByteSource> {
  const connection = new Connection(address, options);
  const { size, tag } = await connection.retrying(signal, async () => {
    const { response, finish } = await connection.request({ range: "bytes=0-0" }, signal);
    finish();
    await response.body?.cancel();
    const tag = response.headers.get("etag") ?? response.headers.get("last-modified");
    if (response.status === 416) return { size: 0, tag };
    const total = response.status === 206 ? contentRange(response)?.total : response.headers.get("content-length");
    return { size: total == null ? undefined : Number(total), tag };
  });
  return { size, read: (start, end, readSignal) => readHttp({ connection, size, tag }, start, end, readSignal) };
}

interface OpenAddress {
  readonly connection: Connection;
  readonly size: number | undefined;
  /** What the server calls this version of the file. */
  readonly tag: string | null;
}

async function* readHttp(
  { connection, size, tag }: OpenAddress,
  start: number,
  end = size,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  let offset = start;
  let failures = 0;
  while (end === undefined || offset < end) {
    try {
      const range = `bytes=${offset}-${end === undefined ? "" : end - 1}`;
      const answer = await connection.request(offset === 0 && end === size ? {} : { range }, signal);
      try {
        for await (const chunk of wantedBytes(connection.address, answer, { offset, end, tag })) {
          failures = 0;
          offset += chunk.length;
          yield chunk;
        }
      } finally {
        answer.finish();
      }
      if (end === undefined || offset >= end) return;
      throw new PassingFault(`the connection ended at byte ${offset} of ${end}`);
    } catch (error) {
      signal?.throwIfAborted();
      failures += 1;
      await connection.waitOrGiveUp(error, failures, signal);
    }
  }
}

interface Wanted {
  readonly offset: number;
  readonly end: number | undefined;
  readonly tag: string | null;
}

/** The part of the answer's body that was asked for; a server without ranges sends what came before as well. */
async function* wantedBytes(address: string, answer: Answer, wanted: Wanted): AsyncGenerator<Buffer> {
  const { response } = answer;
  const tag = response.headers.get("etag") ?? response.headers.get("last-modified");
  if (wanted.tag !== null && tag !== wanted.tag) {
    await response.body?.cancel();
    throw new FileError(`${address}: changed on the server while it was being read (start the reading again)`);
  }
  if (response.status === 416) throw new FileError(`${address}: the server has no byte ${wanted.offset}`);
  const range = response.status === 206 ? contentRange(response) : undefined;
  let position = range?.start ?? 0;
  if (position > wanted.offset) throw new PassingFault(`asked for byte ${wanted.offset}, got byte ${position}`);
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    answer.arrived();
    const from = Math.max(wanted.offset - position, 0);
    const to = Math.min(piece.length, (wanted.end ?? Number.POSITIVE_INFINITY) - position);
    position += piece.length;
    if (from < to) yield Buffer.from(piece.buffer, piece.byteOffset + from, to - from);
    if (wanted.end !== undefined && position >= wanted.end) return;
    answer.waiting();
  }
}

/** A response whose server may fall silent only for so long, until `finish` is called. */
interface Answer {
  readonly response: Response;
  /** Something came: how long the caller now takes over it is not the server's silence. */
  arrived(): void;
  /** The caller waits for the server again. */
  waiting(): void;
  finish(): void;
}

class Connection {
  readonly address: string;
  readonly #options: HttpOptions;

  constructor(address: string, options: HttpOptions) {
    this.address = address;
    this.#options = options;
  }

  /** One request. A busy server and a broken connection are passing faults; any other refusal is a FileError. */
  async request(headers: Record<string, string>, signal?: AbortSignal): Promise<Answer> {
    const silence = new AbortController();
    const timeout = this.#options.timeout ?? 60_000;
    let waits = true;
    const timer = setTimeout(() => {
      if (waits) silence.abort(new PassingFault(`no byte came for ${timeout} ms`));
    }, timeout);
    const signals = signal ? [signal, silence.signal] : [silence.signal];
    try {
      const response = await fetch(this.address, {
        // Compressed transfer would make ranges and sizes those of other bytes than the file's.
        headers: { "accept-encoding": "identity", ...this.#options.headers, ...headers },
        signal: AbortSignal.any(signals),
      });
      await this.#checkStatus(response);
      return {
        response,
        arrived: () => {
          waits = false;
        },
        waiting: () => {
          waits = true;
          timer.refresh();
        },
        finish: () => clearTimeout(timer),
      };
    } catch (error) {
      clearTimeout(timer);
      throw error;
    }
  }

  async #checkStatus(response: Response): Promise<void> {
    const { status } = response;
    const encoding = response.headers.get("content-encoding");
    if ((response.ok && (encoding === null || encoding === "identity")) || status === 416) return;
    await response.body?.cancel();
    if (busyStatuses.has(status)) throw new PassingFault(`HTTP ${status}`, retryAfter(response));
    const problem = response.ok ? `sent as ${encoding}, though identity was asked for` : `HTTP ${status}`;
    throw new FileError(`${this.address}: could not be read: ${problem} (check the address and its permissions)`);
  }

  async retrying<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await work();
      } catch (error) {
        signal?.throwIfAborted();
        await this.waitOrGiveUp(error, failures, signal);
      }
    }
  }

  async waitOrGiveUp(error: unknown, failures: number, signal?: AbortSignal): Promise<void> {
    // fetch reports every network fault, also a body that was cut, as a TypeError.
    if (!(error instanceof PassingFault || error instanceof TypeError)) throw error;
    if (failures > (this.#options.retries ?? 5)) {
      const cause = error.cause === undefined ? "" : `: ${systemReason(error.cause)}`;
      const message = `${this.address}: could not be read: ${error.message}${cause} (gave up after ${failures} attempts)`;
      throw new FileError(message, { cause: error });
    }
    const asked = error instanceof PassingFault ? error.retryAfter : undefined;
    const pause = asked ?? (this.#options.retryDelay ?? 500) * 2 ** (failures - 1);
    await wait(Math.min(pause, longestWait), undefined, signal ? { signal } : {});
  }
}

function contentRange(response: Response): { start: number; total: string | undefined } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  return match ? { start: Number(match[1]), total: match[2] === "*" ? undefined : match[2] } : undefined;
}

function retryAfter(response: Response): number | undefined {
  const value = response.headers.get("retry-after");
  if (value === null) return undefined;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.max(wait, 0) : undefined;
}
