// Documents from HTML files: the page as it stands, decoded from the encoding that it declares.
import type { Document } from "../document.ts";
import { mainText } from "../html/mainText.ts";
import type { InputFile } from "../inputFile.ts";
import { decodeCharset } from "./decodeCharset.ts";
import { charsetOf } from "./httpResponse.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { wholeBytes } from "./wholeBytes.ts";

/** One document a file: its HTML, or with `mainText` what of it is text; `metadata.contentType` says which. */
export async function* htmlDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const limit = context.options.maxDocumentBytes ?? 64 * mebibyte;
  const place = { file: file.path };
  const bytes = await wholeBytes(context.chunks(file), limit, place);
  const charset = charsetOf(bytes, context.options.encoding);
  const text = charset === "utf-8" ? context.decode(bytes, place) : decodeCharset(bytes, charset);
  if (text === undefined) return;
  const page = wantedPage({ id: file.path, text, metadata: { contentType: "text/html", charset } }, context);
  if (page) yield page;
}

/**
 * The page as the options want it: as HTML, or as its main text (`metadata.contentType` is then `text/plain`); undefined, and
 * counted as passed over, where it has none.
 */
export function wantedPage(page: Document, context: ReadingContext): Document | undefined {
  if (!context.options.mainText || !/html/.test(String(page.metadata?.contentType))) return page;
  const text = mainText(page.text);
  if (text !== "") return { ...page, text, metadata: { ...page.metadata, contentType: "text/plain" } };
  context.passOver("page without main text");
  return undefined;
}
