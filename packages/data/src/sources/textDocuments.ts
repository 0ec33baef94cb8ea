// Documents from plain text: a file as one document, or cut at blank lines.
import type { Document } from "../document.ts";
import { FormatError } from "../errors.ts";
import type { InputFile } from "../inputFiles.ts";
import { fileLines, wholeLine } from "./fileLines.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";

/** The documents of a text file, cut where `textDocumentBytes` says so. */
export function textDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const size = context.options.textDocumentBytes;
  return size === undefined ? wholeText(file, context) : textPieces(file, size, context);
}

async function* wholeText(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const limit = context.options.maxDocumentBytes ?? 64 * mebibyte;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of context.chunks(file)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) {
      const detail = `the file holds more than ${limit} bytes, the limit for one document (set textDocumentBytes to cut it at blank lines, or raise maxDocumentBytes)`;
      throw new FormatError({ file: file.path }, "text too long", detail);
    }
  }
  const text = context.decode(Buffer.concat(chunks), { file: file.path });
  if (text !== undefined) yield { id: file.path, text };
}

async function* textPieces(file: InputFile, size: number, context: ReadingContext): AsyncGenerator<Document> {
  let lines: Buffer[] = [];
  let length = 0;
  let offset = 0;
  let piece = 0;
  const take = (): Document | undefined => {
    const text = context.decode(Buffer.concat(lines).subarray(0, -1), { file: file.path, offset });
    lines = [];
    length = 0;
    piece += 1;
    return text === undefined ? undefined : { id: `${file.path}#${piece}`, text };
  };
  for await (const line of fileLines(file, context)) {
    if (length === 0) offset = line.offset;
    const bytes = wholeLine(file, line);
    lines.push(bytes, Buffer.from("\n"));
    length += bytes.length + 1;
    if (length >= 2 * size || (length >= size && bytes.toString("latin1").trim() === "")) {
      const document = take();
      if (document) yield document;
    }
  }
  const rest = length > 0 ? take() : undefined;
  if (rest) yield rest;
}
