// The lines of an input file, within the limit on their length.
import { FormatError } from "../errors.ts";
import type { InputFile } from "../inputFiles.ts";
import { type Line, LineSplitter } from "../lineSplitter.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";

/** The lines of `file`, decompressed, as they come. */
export async function* fileLines(file: InputFile, context: ReadingContext): AsyncGenerator<Line> {
  const splitter = new LineSplitter(context.options.maxLineBytes ?? 64 * mebibyte);
  for await (const chunk of context.chunks(file)) yield* splitter.push(chunk);
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
