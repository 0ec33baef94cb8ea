// Takes an archived HTTP response apart: status, type, body without transfer and content encodings, and its character set.
import { isUtf8 } from "node:buffer";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { type FilePlace, FormatError, systemReason } from "../errors.ts";
import { addHeader } from "./warcRecords.ts";

// HTML declares its encoding within its first 1024 bytes (HTML standard, "encoding sniffing algorithm").
const sniffedBytes = 1024;

/** An archived answer of a web server. */
export interface ArchivedResponse {
  readonly status: number;
  /** Media type in lower case without its parameters. */
  readonly contentType: string;
  readonly body: Buffer;
  /** Name of the body's encoding in the Encoding standard, for `TextDecoder`. */
  readonly charset: string;
}

/**
 * Parses the block of a WARC response record; undefined for what is not an HTTP response at all.
 * @param limit largest body after decompression, in bytes.
 * @throws FormatError for a body that cannot be decompressed within the limit.
 */
export function parseHttpResponse(block: Buffer, place: FilePlace, limit: number): ArchivedResponse | undefined {
  const head = headEnd(block);
  const [statusLine = "", ...lines] = block.subarray(0, head.start).toString("latin1").split(/\r?\n/);
  const status = /^HTTP\/\d(?:\.\d)? (\d{3})/.exec(statusLine)?.[1];
  if (status === undefined) return undefined;
  const headers = new Map<string, string>();
  let last = "";
  for (const line of lines) last = addHeader(headers, line, last);
  const [type = "", ...parameters] = (headers.get("content-type") ?? "").split(";");
  let body = block.subarray(head.end);
  if (/\bchunked\b/i.test(headers.get("transfer-encoding") ?? "")) body = joinChunks(body);
  body = decodeContent(body, headers.get("content-encoding"), place, limit);
  const declared = /charset\s*=\s*["']?([^\s"';]+)/i.exec(parameters.join(";"))?.[1];
  return { status: Number(status), contentType: type.trim().toLowerCase(), body, charset: charsetOf(body, declared) };
}

function headEnd(block: Buffer): { start: number; end: number } {
  const crlf = block.indexOf("\r\n\r\n");
  const lf = block.indexOf("\n\n");
  if (crlf !== -1 && (lf === -1 || crlf < lf)) return { start: crlf, end: crlf + 4 };
  return lf === -1 ? { start: block.length, end: block.length } : { start: lf, end: lf + 2 };
}

/** The body without its chunk lengths; unchanged where it has none, as archives often store it decoded. */
function joinChunks(body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let position = 0;
  while (position < body.length) {
    const lineEnd = body.indexOf("\r\n", position);
    const size =
      lineEnd === -1 ? undefined : /^([0-9a-f]{1,8})\s*(?:;.*)?$/i.exec(body.toString("latin1", position, lineEnd));
    if (!size) return pieces.length === 0 ? body : Buffer.concat(pieces);
    const length = Number.parseInt(size[1] ?? "", 16);
    if (length === 0) break;
    pieces.push(body.subarray(lineEnd + 2, lineEnd + 2 + length));
    position = lineEnd + 2 + length + 2;
  }
  return Buffer.concat(pieces);
}

function decodeContent(body: Buffer, encoding: string | undefined, place: FilePlace, limit: number): Buffer {
  const options = { maxOutputLength: limit };
  const startsAsGzip = body[0] === 0x1f && body[1] === 0x8b;
  try {
    // The header stays where a crawler stored the body decoded, so the bytes decide.
    if (/gzip/i.test(encoding ?? "") && startsAsGzip) return gunzipSync(body, options);
    if (/^\s*deflate\s*$/i.test(encoding ?? "") && (body[0] ?? 0) % 16 === 8) return inflateSync(body, options);
    if (/^\s*br\s*$/i.test(encoding ?? "") && !isUtf8(body)) return brotliDecompressSync(body, options);
    return body;
  } catch (error) {
    const detail = `the page's content (${encoding}) could not be decompressed within ${limit} bytes: ${systemReason(error)}`;
    throw new FormatError(place, "damaged content encoding", detail, { cause: error });
  }
}

/**
 * The byte order mark decides, then the header, then the page's own declaration; then UTF-8 where the bytes are that, else
 * the web's old default.
 */
export function charsetOf(body: Buffer, declared: string | undefined): string {
  const head = body.toString("latin1", 0, sniffedBytes);
  const byteOrderMark = byteOrderMarks.find(([mark]) => head.startsWith(mark))?.[1];
  const inPage = known(/<meta[^>]+charset\s*=\s*["']?([^\s"'/>;]+)/i.exec(head)?.[1]);
  // What can be read as bytes is no UTF-16, whatever it says (HTML standard, "prescan a byte stream").
  const readable = inPage?.startsWith("utf-16") ? "utf-8" : inPage;
  return byteOrderMark ?? known(declared) ?? readable ?? (isUtf8(body) ? "utf-8" : "windows-1252");
}

const byteOrderMarks = [
  ["\xef\xbb\xbf", "utf-8"],
  ["\xff\xfe", "utf-16le"],
  ["\xfe\xff", "utf-16be"],
] as const;

function known(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}
