// Documents from CSV (RFC 4180) and TSV tables with a header row: one column is the text, the others become metadata.
import { pipeline } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { checkNoBinary } from "../decodeText.ts";
import type { Document } from "../document.ts";
import { FormatError } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { type RecordFields, recordDocument, recordFields } from "./recordDocument.ts";

/** How a table is written. */
export interface CsvOptions {
  /** What stands between fields, for example `";"`. Default: a comma, and of `.tsv` a tab. */
  readonly delimiter?: string;
  /** What stands around fields that hold delimiters or line ends; false where quotes have no meaning. Default `"`. */
  readonly quote?: string | false;
}

interface Row {
  readonly record: readonly Buffer[];
  /** Lines and bytes of the file up to the row's end. */
  readonly info: { readonly lines: number; readonly bytes: number };
}

const reasonOfCode: Readonly<Record<string, string>> = {
  CSV_MAX_RECORD_SIZE: "line too long",
  CSV_QUOTE_NOT_CLOSED: "truncated CSV",
};

/** The documents of a table's rows; quoted fields may hold line ends. Each field is decoded by itself, as UTF-8. */
export async function* csvDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const fields = recordFields(context.options);
  const seeks = context.canSeek();
  const { offset = 0, line = 0 } = context.start ?? {};
  let header = offset > 0 ? await readHeader(file, context, fields) : undefined;
  let rowStart = { offset, line };
  for await (const { record, info } of rows(file, context, { offset, line })) {
    const place = { file: file.path, line: info.lines };
    if (seeks && header !== undefined) context.checkpoint(rowStart);
    rowStart = { offset: info.bytes, line: info.lines };
    try {
      const cells = decodeCells(record, place, context);
      if (cells === undefined) continue;
      if (header === undefined) {
        header = checkHeader(cells, fields, place);
        continue;
      }
      if (cells.length !== header.length) {
        const detail = `expected ${header.length} columns as in the header, got ${cells.length} (is a quote missing?)`;
        throw new FormatError(place, "uneven row", detail);
      }
      const named = Object.fromEntries(header.map((name, index) => [name, cells[index]]));
      yield recordDocument(named, place, place.line, fields);
    } catch (error) {
      // Without a header nothing of the table can be read.
      if (header === undefined) throw error;
      context.skipOrThrow(error);
    }
  }
}

/** The header of a table that is read from a later row on. */
async function readHeader(file: InputFile, context: ReadingContext, fields: RecordFields): Promise<string[]> {
  const start = context.nested();
  for await (const { record } of rows(file, start, { offset: 0, line: 0 })) {
    const cells = decodeCells(record, { file: file.path, line: 1 }, start);
    if (cells !== undefined) return checkHeader(cells, fields, { file: file.path, line: 1 });
  }
  throw new FormatError({ file: file.path, line: 1 }, "no text", "expected a header, got none (has the file changed?)");
}

/** The rows from the byte `offset` on, before which there are `line` lines. */
async function* rows(
  file: InputFile,
  context: ReadingContext,
  { offset, line }: { readonly offset: number; readonly line: number },
): AsyncGenerator<Row> {
  const { csv = {}, badInput, maxLineBytes } = context.options;
  let isOver = false;
  let markBytes = 0;
  const input = async function* (): AsyncGenerator<Buffer> {
    let first = true;
    for await (const chunk of context.textChunks(file, offset)) {
      if (isOver) return;
      // Of a binary file every row would be a fault of its own.
      if (first) checkNoBinary(chunk, { file: file.path, offset });
      // The parser's own option for it would switch the fields from bytes to text.
      if (first && offset === 0 && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) markBytes = 3;
      yield first ? chunk.subarray(markBytes) : chunk;
      first = false;
    }
  };
  const parser = parse({
    delimiter: csv.delimiter ?? (file.format === "tsv" ? "\t" : ","),
    quote: csv.quote ?? '"',
    // Quotes within a field that does not begin with one stand for themselves, as in most readers.
    relax_quotes: true,
    // As bytes, so that invalid UTF-8 is seen here and not replaced in silence.
    encoding: null,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: maxLineBytes ?? 64 * mebibyte,
    skip_records_with_error: badInput === "skip",
    on_skip: (error) => {
      if (isOver || !error) return undefined;
      const fault = csvFault(file, error, line);
      // From a row that is too long the parser does not find its way to the next one.
      isOver = fault.reason === "line too long";
      context.count(fault);
      return undefined;
    },
  });
  try {
    // The callback is only where pipeline insists on reporting; the same error reaches whoever reads the result.
    for await (const row of pipeline(input(), parser, () => {})) {
      const { record, info } = row as unknown as Row;
      yield { record, info: { lines: line + info.lines, bytes: offset + markBytes + info.bytes } };
    }
  } catch (error) {
    throw error instanceof CsvError ? csvFault(file, error, line) : error;
  }
}

function csvFault(file: InputFile, error: CsvError, linesBefore: number): FormatError {
  const line = linesBefore + Number((error as { lines?: unknown }).lines);
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

function checkHeader(
  cells: string[],
  { textField }: RecordFields,
  place: { readonly file: string; readonly line: number },
): string[] {
  if (cells.includes(textField)) return cells;
  const other = cells.length === 1 && ["\t", ";", "|"].find((sign) => cells[0]?.includes(sign));
  const advice = other ? `set csv: { delimiter: ${JSON.stringify(other)} }` : "name the right one with textField";
  const detail = `expected a column "${textField}" in the header, got ${cells.slice(0, 20).join(", ")} (${advice})`;
  throw new FormatError(place, "no text", detail);
}
