// All bytes of a stream, within a limit.
import { type FilePlace, FormatError } from "../errors.ts";

/**
 * The bytes of `chunks` as one buffer.
 * @param advice what to do about a file above the limit, for the error.
 * @throws FormatError when there are more than `limit`; no more than that is ever kept.
 */
export async function wholeBytes(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
  place: FilePlace,
  advice = "raise maxDocumentBytes",
): Promise<Buffer> {
  const kept: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    kept.push(chunk);
    length += chunk.length;
    if (length <= limit) continue;
    const detail = `the file holds more than ${limit} bytes, the limit for one document (${advice})`;
    throw new FormatError(place, "text too long", detail);
  }
  return Buffer.concat(kept);
}
