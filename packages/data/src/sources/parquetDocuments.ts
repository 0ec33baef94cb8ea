// Documents from Parquet tables (one row group in memory at a time), read in byte ranges from disk or over HTTP.
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { expansionError } from "../byteChunks.ts";
import type { Document } from "../document.ts";
import { DataError, FormatError, systemReason } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { readRange } from "./byteSource.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { type RecordFields, recordDocument, recordFields } from "./recordDocument.ts";

// A page is what is decompressed at a time: its header names the size, which would be reserved unseen.
const freePageBytes = 64 * mebibyte;
// Rows that cost nothing on disk (one value said to repeat) may still fill the memory.
const freeGroupRows = 1 << 20;

/** Text of a Parquet file before the policy on invalid UTF-8 was applied; told from columns of plain bytes by its class. */
class TextBytes {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The reader makes the keys of maps names of an object's fields. */
  toString(): string {
    return this.bytes.toString("utf8");
  }
}

/**
 * The documents of a table's rows. The other columns become metadata as JSON has it: dates as ISO text, 64-bit
 * integers above 2^53 as text, plain bytes as base64. Text and id may be plain bytes, too, as some writers leave them.
 */
export async function* parquetDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const { signal } = context.options;
  const table = await openTable(file, context);
  const metadata = await asFormatError(file, signal, async () => {
    const read = await parquetMetadataAsync(table);
    checkColumns(read);
    return read;
  });
  const fields = recordFields(context.options);
  let groupStart = 0;
  let counted = 0;
  for (const [index, group] of metadata.row_groups.entries()) {
    const rowCount = Number(group.num_rows);
    if (index < (context.start?.group ?? 0)) {
      groupStart += rowCount;
      count(group);
      continue;
    }
    context.checkpoint({ group: index });
    try {
      const where = `row group ${index + 1}, rows ${groupStart + 1} to ${groupStart + rowCount}: `;
      const rows = await asFormatError(
        file,
        signal,
        () => readGroup(table, metadata, groupStart, rowCount, file, context),
        where,
      );
      for (const [row, values] of rows.entries()) {
        const place = { file: file.path, line: groupStart + row + 1 };
        try {
          const record = plainRecord(withText(values, fields), (bytes) => context.decode(bytes, place));
          if (record) yield recordDocument(record, place, place.line, fields);
        } catch (error) {
          context.skipOrThrow(error);
        }
      }
    } catch (error) {
      context.skipOrThrow(error);
    }
    groupStart += rowCount;
    count(group);
  }
  context.advance(table.byteLength - counted);

  function count(group: FileMetaData["row_groups"][number]): void {
    const bytes = group.columns.reduce((sum, { meta_data }) => sum + Number(meta_data?.total_compressed_size ?? 0), 0);
    const within = Math.min(bytes, table.byteLength - counted);
    counted += within;
    context.advance(within);
  }
}

async function openTable(file: InputFile, context: ReadingContext): Promise<AsyncBuffer> {
  const source = await context.open(file);
  const { size } = source;
  if (file.compression !== "none" || size === undefined) {
    const problem =
      size === undefined ? "the server does not tell its size" : `it is compressed as a whole (${file.compression})`;
    throw new DataError(`${file.path}: Parquet is read in ranges, but ${problem} (download or decompress it first)`);
  }
  const read = async (start: number, end: number): Promise<ArrayBuffer> => {
    if (!(start >= 0 && end >= start && end <= size)) {
      const detail = `it names bytes ${start} to ${end} of ${size} (copy or download it again)`;
      throw new FormatError({ file: file.path }, "damaged parquet", detail);
    }
    const bytes = await readRange(source, start, end, context.options.signal);
    // The reader takes whole ArrayBuffers.
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  };
  return {
    byteLength: size,
    slice(start, end = size) {
      const bytes = read(start < 0 ? size + start : start, end);
      // The reader asks ahead and may fail before it looks at what came of it, which must not end the process.
      bytes.catch(() => {});
      return bytes;
    },
  };
}

/**
 * Refuses column chunks that no leaf of the schema stands for, or several for one: the reader would begin with them and
 * never look at what came of it, and their faults would end the process.
 */
function checkColumns(metadata: FileMetaData): void {
  const leaves = new Set<string>();
  const open = [...parquetSchema(metadata).children];
  for (let tree = open.pop(); tree; tree = open.pop()) {
    if (tree.children.length === 0) leaves.add(tree.path.join("\0"));
    open.push(...tree.children);
  }
  for (const { columns } of metadata.row_groups) {
    const paths = columns.map(({ meta_data }) => meta_data?.path_in_schema.join("\0") ?? "");
    const unknown = paths.find((path, index) => !leaves.has(path) || paths.indexOf(path) !== index);
    if (unknown === undefined) continue;
    throw new Error(
      `a column chunk is called "${unknown.replaceAll("\0", ".")}", which is not one column of its schema`,
    );
  }
}

function readGroup(
  table: AsyncBuffer,
  metadata: FileMetaData,
  rowStart: number,
  rowCount: number,
  file: InputFile,
  context: ReadingContext,
): Promise<Record<string, unknown>[]> {
  const maxExpansion = context.options.maxExpansion ?? 200;
  if (rowCount > freeGroupRows && rowCount > table.byteLength * maxExpansion) {
    throw expansionError(file.path, table.byteLength, rowCount, maxExpansion);
  }
  return parquetReadObjects({
    file: table,
    metadata,
    rowStart,
    rowEnd: rowStart + rowCount,
    compressors: guardedCompressors(file, maxExpansion),
    utf8: false,
    parsers: {
      stringFromBytes: (bytes) => new TextBytes(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    },
  });
}

function guardedCompressors(file: InputFile, maxExpansion: number): Compressors {
  const guarded: Compressors = {};
  for (const [codec, inflate] of Object.entries(compressors)) {
    guarded[codec as keyof Compressors] = (input, outputLength) => {
      if (outputLength > freePageBytes && outputLength > input.length * maxExpansion) {
        throw expansionError(file.path, input.length, outputLength, maxExpansion);
      }
      return inflate(input, outputLength);
    };
  }
  return guarded;
}

/** What the Parquet reader throws of itself is a fault of the file's bytes. */
async function asFormatError<T>(
  file: InputFile,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  where = "",
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    // Of the errors with a code only those of the operating system are not the file's fault.
    if (DataError.isInstance(error) || typeof (error as NodeJS.ErrnoException).syscall === "string") throw error;
    const detail = `${where}${systemReason(error)} (is it Parquet, and whole? copy or download it again)`;
    throw new FormatError({ file: file.path }, "damaged parquet", detail, { cause: error });
  }
}

/** The row with text where its text and id are bytes of which the schema does not say that they are text. */
function withText(
  row: Readonly<Record<string, unknown>>,
  { textField, idField }: RecordFields,
): Record<string, unknown> {
  const named = { ...row };
  for (const field of [textField, idField]) {
    const value = row[field];
    if (value instanceof Uint8Array) named[field] = new TextBytes(Buffer.from(value));
  }
  return named;
}

/** A row as JSON has it, or undefined where its text is to be skipped. */
function plainRecord(
  row: Readonly<Record<string, unknown>>,
  decode: (bytes: Buffer) => string | undefined,
): Record<string, unknown> | undefined {
  let skipped = false;
  const plain = (value: unknown): unknown => {
    if (value instanceof TextBytes) {
      const text = decode(value.bytes);
      skipped ||= text === undefined;
      return text;
    }
    if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
    if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as ArrayLike<unknown>, plain);
    if (typeof value !== "object" || value === null) return value ?? null;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  };
  const record = plain(row) as Record<string, unknown>;
  return skipped ? undefined : record;
}
