// Documents from plain text: a file as one document, or cut at blank lines.
import type { Document } from "../document.ts";
import type { InputFile } from "../inputFile.ts";
import { fileLines, wholeLine } from "./fileLines.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { wholeBytes } from "./wholeBytes.ts";

/** The documents of a text file, cut where `textDocumentBytes` says so. */
export function textDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const size = context.options.textDocumentBytes;
  return size === undefined ? wholeText(file, context) : textPieces(file, size, context);
}

async function* wholeText(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const limit = context.options.maxDocumentBytes ?? 64 * mebibyte;
  const advice = `set textDocumentBytes to cut it at blank lines, or raise maxDocumentBytes`;
  const bytes = await wholeBytes(context.textChunks(file), limit, { file: file.path }, advice);
  const text = context.decode(bytes, { file: file.path });
  if (text !== undefined) yield { id: file.path, text };
}

async function* textPieces(file: InputFile, size: number, context: ReadingContext): AsyncGenerator<Document> {
  let lines: Buffer[] = [];
  let length = 0;
  let offset = 0;
  let piece = context.start?.piece ?? 0;
  const seeks = context.canSeek();
  const take = (): Document | undefined => {
    const text = context.decode(Buffer.concat(lines).subarray(0, -1), { file: file.path, offset });
    lines = [];
    length = 0;
    piece += 1;
    return text === undefined ? undefined : { id: `${file.path}#${piece}`, text };
  };
  for await (const line of fileLines(file, context)) {
    if (length === 0) {
      offset = line.offset;
      if (seeks) context.checkpoint({ offset, line: line.number, piece });
    }
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
