// Bytes behind an HTTP address: read in ranges, taken up again where a connection was cut.
import { FileError } from "../errors.ts";
import type { ByteSource } from "./byteSource.ts";
import { type Answer, answerChunks, type Connection, PassingFault } from "./httpConnection.ts";

/** True for `http://…` and `https://…`. */
export function isHttpAddress(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

/**
 * Asks the server for the size and whether it serves ranges (one request for the first byte).
 * @throws FileError when the address cannot be read, after the retries.
 */
export async function openHttpSource(connection: Connection, signal?: AbortSignal): Promise<ByteSource> {
  const { size, tag } = await connection.retrying(signal, async () => {
    const { response, finish } = await connection.request({ range: "bytes=0-0" }, signal);
    finish();
    await response.body?.cancel();
    const tag = response.headers.get("etag") ?? response.headers.get("last-modified");
    if (response.status === 416) return { size: 0, tag };
    const total = response.status === 206 ? contentRange(response)?.total : response.headers.get("content-length");
    return { size: total == null ? undefined : Number(total), tag };
  });
  return httpSource({ connection, size, tag });
}

/** The bytes of an address whose size is known already, so that nothing need be asked first. */
export function httpSource(address: OpenAddress): ByteSource {
  return { size: address.size, read: (start, end, signal) => readHttp(address, start, end, signal) };
}

/** An address that can be read in ranges. */
export interface OpenAddress {
  readonly connection: Connection;
  readonly size: number | undefined;
  /** What the server calls this version of the file; null where that is not to be watched. */
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
  for await (const piece of answerChunks(answer)) {
    const from = Math.max(wanted.offset - position, 0);
    const to = Math.min(piece.length, (wanted.end ?? Number.POSITIVE_INFINITY) - position);
    position += piece.length;
    if (from < to) yield Buffer.from(piece.buffer, piece.byteOffset + from, to - from);
    if (wanted.end !== undefined && position >= wanted.end) return;
  }
}

function contentRange(response: Response): { start: number; total: string | undefined } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  return match ? { start: Number(match[1]), total: match[2] === "*" ? undefined : match[2] } : undefined;
}
