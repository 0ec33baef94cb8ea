// Documents from web archives: the pages of crawls as HTML (WARC) and the text that Common Crawl took from them (WET).
import type { Document } from "../document.ts";
import { FormatError } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { decodeCharset } from "./decodeCharset.ts";
import { wantedPage } from "./htmlDocuments.ts";
import { parseHttpResponse } from "./httpResponse.ts";
import { isHttpAddress } from "./httpSource.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { type WarcRecord, warcRecords } from "./warcRecords.ts";

const pageTypes = new Set(["text/html", "application/xhtml+xml", "text/plain"]);

/**
 * The documents of a web archive: `conversion` records (WET) as their text; `response` records whose page was found
 * (HTTP 200) and is HTML or plain text as that HTML or text, unchanged, or with `mainText` as the main text
 * (`metadata.contentType` says which). Requests, revisits, images and the like are passed over. The id is the
 * record's, or `file@byte`; `metadata.url` and `metadata.date` come from the crawler.
 */
export async function* warcDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const limit = context.options.maxDocumentBytes ?? 64 * mebibyte;
  const isDocument = (headers: ReadonlyMap<string, string>): boolean => {
    const type = headers.get("warc-type");
    // Some writers leave the type out; the address says what the record is of, too.
    const contentType = headers.get("content-type");
    const isHttp = contentType?.startsWith("application/http") ?? isHttpAddress(headers.get("warc-target-uri") ?? "");
    return type === "conversion" || (type === "response" && isHttp);
  };
  const wants = (headers: ReadonlyMap<string, string>, length: number): boolean =>
    isDocument(headers) && length <= limit;
  const start = context.start?.offset ?? 0;
  const seeks = context.canSeek();
  for await (const record of warcRecords(context.chunks(file, start), file.path, wants, start)) {
    if (!isDocument(record.headers)) continue;
    if (seeks) context.checkpoint({ offset: record.offset });
    try {
      const document = recordDocument(record, file, limit, context);
      const page = document && wantedPage(document, context);
      if (page) yield page;
    } catch (error) {
      context.skipOrThrow(error);
    }
  }
}

function recordDocument(
  { headers, block, offset, length }: WarcRecord,
  file: InputFile,
  limit: number,
  context: ReadingContext,
): Document | undefined {
  const place = { file: file.path, offset };
  if (block === undefined) {
    const detail = `the record holds ${length} bytes, the limit is ${limit} (raise maxDocumentBytes, or set badInput: "skip")`;
    throw new FormatError(place, "record too long", detail);
  }
  const page = headers.get("warc-type") === "conversion" ? { body: block } : readPage(block, place, limit);
  const text = page && (page.text ?? context.decode(page.body, place));
  if (text === undefined) return undefined;
  const metadata: Record<string, string> = {};
  const add = (name: string, value: string | undefined): void => {
    if (value) metadata[name] = value;
  };
  add("url", headers.get("warc-target-uri"));
  add("date", headers.get("warc-date"));
  add("contentType", page?.contentType ?? headers.get("content-type"));
  add("charset", page?.charset);
  add("languages", headers.get("warc-identified-content-language"));
  const id = headers.get("warc-record-id")?.replace(/^<|>$/g, "");
  return { id: id || `${file.path}@${offset}`, text, metadata };
}

interface Page {
  readonly body: Buffer;
  /** Set where the page is in another encoding than UTF-8. */
  readonly text?: string;
  readonly contentType?: string;
  readonly charset?: string;
}

function readPage(block: Buffer, place: { file: string; offset: number }, limit: number): Page | undefined {
  const response = parseHttpResponse(block, place, limit);
  if (response === undefined || response.status !== 200 || !pageTypes.has(response.contentType)) return undefined;
  const { body, contentType, charset } = response;
  if (charset === "utf-8") return { body, contentType, charset };
  return { body, contentType, charset, text: decodeCharset(body, charset) };
}
