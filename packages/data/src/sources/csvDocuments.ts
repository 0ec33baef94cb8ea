// Documents from CSV (RFC 4180) and TSV tables with a header row: one column is the text, the others become metadata.
import { pipeline } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { checkNoBinary } from "../decodeText.ts";
import type { Document } from "../document.ts";
import { FormatError } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { recordDocument, recordFields } from "./recordDocument.ts";

interface Row {
  readonly record: readonly Buffer[];
  readonly info: { readonly lines: number; readonly bytes: number };
}

const reasonOfCode: Readonly<Record<string, string>> = {
  CSV_MAX_RECORD_SIZE: "line too long",
  CSV_QUOTE_NOT_CLOSED: "truncated CSV",
};

/** The documents of a table's rows; quoted fields may hold line ends. Each field is decoded by itself, as UTF-8. */
export async function* csvDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const fields = recordFields(context.options);
  let header: string[] | undefined;
  for await (const { record, info } of rows(file, context)) {
    const place = { file: file.path, line: info.lines };
    try {
      const cells = decodeCells(record, place, context);
      if (cells === undefined) continue;
      if (header === undefined) {
        header = checkHeader(cells, fields.textField, place);
        continue;
      }
      if (cells.length !== header.length) {
        const detail = `expected ${header.length} columns as in the header, got ${cells.length} (is a quote missing?)`;
        throw new FormatError(place, "uneven row", detail);
      }
      const named = Object.fromEntries(header.map((name, index) => [name, cells[index]]));
      yield recordDocument(named, place, info.lines, fields);
    } catch (error) {
      // Without a header nothing of the table can be read.
      if (header === undefined) throw error;
      context.skipOrThrow(error);
    }
  }
}

async function* rows(file: InputFile, context: ReadingContext): AsyncGenerator<Row> {
  const skips = context.options.badInput === "skip";
  let isOver = false;
  const input = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of withoutByteOrderMark(context.textChunks(file), file.path)) {
      if (isOver) return;
      yield chunk;
    }
  };
  const parser = parse({
    delimiter: file.format === "tsv" ? "\t" : ",",
    // As bytes, so that invalid UTF-8 is seen here and not replaced in silence.
    encoding: null,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: context.options.maxLineBytes ?? 64 * mebibyte,
    skip_records_with_error: skips,
    on_skip: (error) => {
      if (isOver || !error) return undefined;
      const fault = csvFault(file, error);
      // From a row that is too long the parser does not find its way to the next one.
      isOver = fault.reason === "line too long";
      context.count(fault);
      return undefined;
    },
  });
  try {
    // The callback is only where pipeline insists on reporting; the same error reaches whoever reads the result.
    for await (const row of pipeline(input(), parser, () => {})) yield row as unknown as Row;
  } catch (error) {
    throw error instanceof CsvError ? csvFault(file, error) : error;
  }
}

// The parser's own option for it would switch the fields from bytes to text.
async function* withoutByteOrderMark(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer> {
  let first = true;
  for await (const chunk of chunks) {
    // Of a binary file every row would be a fault of its own.
    if (first) checkNoBinary(chunk, { file, offset: 0 });
    const marked = first && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
    first = false;
    yield marked ? chunk.subarray(3) : chunk;
  }
}

function csvFault(file: InputFile, error: CsvError): FormatError {
  const line = Number((error as { lines?: unknown }).lines);
  const place = Number.isFinite(line) ? { file: file.path, line } : { file: file.path };
  // The parser's message goes on with the field as an array of bytes.
  const message = error.message.replace(/, value is .*$/s, "");
  const detail = `${message} (quote fields that hold quotes or line ends, and double the quotes in them)`;
  return new FormatError(place, reasonOfCode[error.code] ?? "invalid CSV", detail);
}

function decodeCells(
  record: readonly Buffer[],
  place: { file: string; line: number },
  context: ReadingContext,
): string[] | undefined {
  const cells: string[] = [];
  for (const bytes of record) {
    const text = context.decode(bytes, place);
    if (text === undefined) return undefined;
    cells.push(text);
  }
  return cells;
}

function checkHeader(cells: string[], textField: string, place: { file: string; line: number }): string[] {
  if (cells.includes(textField)) return cells;
  const detail = `expected a column "${textField}" in the header, got ${cells.slice(0, 20).join(", ")} (name the right one with textField)`;
  throw new FormatError(place, "no text", detail);
}
