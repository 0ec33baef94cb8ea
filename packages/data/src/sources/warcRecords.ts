// The records of a web archive (WARC 1.0 and 1.1, ISO 28500), as Common Crawl and web crawlers write them.
import { FormatError } from "../errors.ts";
import { ByteReader } from "./byteReader.ts";

const maxHeaderLineBytes = 1 << 16;
const maxHeaderLines = 1000;

/** One record. */
export interface WarcRecord {
  /** Header fields by name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The block that the header announces, or undefined where it was not wanted. */
  readonly block: Buffer | undefined;
  /** Byte offset of the record in the decompressed file. */
  readonly offset: number;
  readonly length: number;
}

/**
 * Reads records in order.
 * @param wants decides from a record's header whether its block is kept; other blocks are passed over unread.
 * @param start offset of the first chunk in the file.
 * @throws FormatError naming file and byte for what is not WARC, and for a file that ends within a record.
 */
export async function* warcRecords(
  chunks: AsyncIterable<Buffer>,
  file: string,
  wants: (headers: ReadonlyMap<string, string>, length: number) => boolean,
  start = 0,
): AsyncGenerator<WarcRecord> {
  const reader = new ByteReader(chunks, start);
  try {
    for (;;) {
      const offset = await passBlankLines(reader);
      if ((await reader.peek()) === undefined) return;
      const version = await reader.line(maxHeaderLineBytes);
      if (version === undefined || !/^WARC\/\d+\.\d+$/.test(version.toString("latin1"))) {
        const start = JSON.stringify((version ?? Buffer.alloc(0)).toString("latin1").slice(0, 40));
        const detail = `expected a record starting with "WARC/1.0", got ${start} (is it a WARC file? download it again)`;
        throw new FormatError({ file, offset }, "invalid WARC", detail);
      }
      const { headers, length } = await readHeaders(reader, file, offset);
      const wanted = wants(headers, length);
      const block = wanted ? await reader.bytes(length) : undefined;
      const read = block ? block.length : await reader.skip(length);
      if (read < length) {
        const detail = `the record announces ${length} bytes, the file ends after ${read} (download it again)`;
        throw new FormatError({ file, offset }, "truncated WARC", detail);
      }
      yield { headers, block, offset, length };
    }
  } finally {
    await reader.close();
  }
}

/** The start of the next record: records are parted by two blank lines, some writers' by more. */
async function passBlankLines(reader: ByteReader): Promise<number> {
  for (;;) {
    const byte = await reader.peek();
    if (byte !== 13 && byte !== 10) return reader.offset;
    await reader.skip(1);
  }
}

async function readHeaders(
  reader: ByteReader,
  file: string,
  offset: number,
): Promise<{ headers: ReadonlyMap<string, string>; length: number }> {
  const headers = new Map<string, string>();
  let last = "";
  for (let count = 0; ; count += 1) {
    const line = await reader.line(maxHeaderLineBytes);
    if (line === undefined || count > maxHeaderLines) {
      const detail = "the record's header does not end (download the file again)";
      throw new FormatError({ file, offset }, line === undefined ? "truncated WARC" : "invalid WARC", detail);
    }
    if (line.length === 0) break;
    last = addHeader(headers, line.toString("utf8"), last);
  }
  const value = headers.get("content-length") ?? "";
  if (/^\d+$/.test(value)) return { headers, length: Number(value) };
  const detail = `expected the header field Content-Length with a number, got ${JSON.stringify(value)}`;
  throw new FormatError({ file, offset }, "invalid WARC", detail);
}

/** Adds a header line; one that starts with white space goes on with the field before it. Returns the field's name. */
export function addHeader(headers: Map<string, string>, line: string, last: string): string {
  if (/^[ \t]/.test(line) && last !== "") {
    headers.set(last, `${headers.get(last) ?? ""} ${line.trim()}`);
    return last;
  }
  const colon = line.indexOf(":");
  if (colon === -1) return last;
  const name = line.slice(0, colon).trim().toLowerCase();
  if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  return name;
}
