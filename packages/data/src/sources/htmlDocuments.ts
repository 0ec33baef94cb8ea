// Documents from HTML files: the page as it stands, decoded from the encoding that it declares.
import type { Document } from "../document.ts";
import type { InputFile } from "../inputFile.ts";
import { charsetOf } from "./httpResponse.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { wholeBytes } from "./wholeBytes.ts";

/** One document a file: its HTML, for the step that takes the main text from it; `metadata.contentType` says so. */
export async function* htmlDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const limit = context.options.maxDocumentBytes ?? 64 * mebibyte;
  const place = { file: file.path };
  const bytes = await wholeBytes(context.chunks(file), limit, place);
  const charset = charsetOf(bytes, context.options.encoding);
  const text = charset === "utf-8" ? context.decode(bytes, place) : new TextDecoder(charset).decode(bytes);
  if (text !== undefined) yield { id: file.path, text, metadata: { contentType: "text/html", charset } };
}
