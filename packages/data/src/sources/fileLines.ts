// The lines of an input file, within the limit on their length.
import { FormatError } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { type Line, LineSplitter } from "../lineSplitter.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";

/** The lines of `file`, decompressed, as they come; from the checkpoint's `offset` and `line` where there is one. */
export async function* fileLines(file: InputFile, context: ReadingContext): AsyncGenerator<Line> {
  const { offset = 0, line = 1 } = context.start ?? {};
  const splitter = new LineSplitter(context.options.maxLineBytes ?? 64 * mebibyte, { offset, number: line });
  for await (const chunk of context.textChunks(file, offset)) yield* splitter.push(chunk);
  yield* splitter.end();
}

/**
 * The line's bytes.
 * @throws FormatError for a line above the limit.
 */
export function wholeLine(file: InputFile, line: Line): Buffer {
  if (line.bytes) return line.bytes;
  const detail = `the line holds ${line.length} bytes, more than maxLineBytes allows (is it JSONL? raise maxLineBytes, or set badInput: "skip")`;
  throw new FormatError({ file: file.path, line: line.number, offset: line.offset }, "line too long", detail);
}
