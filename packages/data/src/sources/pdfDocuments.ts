// Documents from PDF files, their text taken out by Mozilla's pdf.js (through `unpdf`, to be installed where PDF is read).
import type { Document } from "../document.ts";
import { DataError, FormatError, systemReason } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { wholeBytes } from "./wholeBytes.ts";

/**
 * One document a file: the text of its pages, parted by blank lines. Metadata: pages, title and author where they are told.
 * @throws DataError where `unpdf` is not installed.
 */
export async function* pdfDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const place = { file: file.path };
  const bytes = await wholeBytes(context.chunks(file), context.options.maxDocumentBytes ?? 64 * mebibyte, place);
  const { extractText, getDocumentProxy, getMeta } = await loadReader(file);
  try {
    // Without a message on every odd font; the reader wants bytes that are no Buffer, and keeps them.
    const pdf = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
    try {
      const { text, totalPages } = await extractText(pdf);
      const { info } = await getMeta(pdf);
      const metadata: Record<string, unknown> = { pages: totalPages };
      if (info?.Title) metadata.title = info.Title;
      if (info?.Author) metadata.author = info.Author;
      const pages = text.map((page) => page.trim()).filter((page) => page !== "");
      yield { id: file.path, text: pages.join("\n\n"), metadata };
    } finally {
      await pdf.destroy();
    }
  } catch (error) {
    if (DataError.isInstance(error)) throw error;
    const detail = `${systemReason(error)} (is it a PDF, whole, and without a password?)`;
    throw new FormatError(place, "damaged PDF", detail, { cause: error });
  }
}

async function loadReader(file: InputFile): Promise<typeof import("unpdf")> {
  try {
    return await import("unpdf");
  } catch (error) {
    throw new DataError(`${file.path}: PDF is read by the package unpdf (npm install unpdf)`, { cause: error });
  }
}
