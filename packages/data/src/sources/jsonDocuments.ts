// Documents from JSON files: the records of one list, or records in a row.
import type { Document } from "../document.ts";
import { FormatError } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { parseRecord } from "../jsonlRecords.ts";
import { type JsonValue, jsonValues } from "./jsonValues.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { recordFields } from "./recordDocument.ts";

/**
 * The documents of a file that is a list of records, or that holds them one after another. Streamed: a record is held in
 * memory, never the list. A file that is a single object without text (settings, a manifest) is passed over, unless it was
 * asked for by its name.
 */
export async function* jsonDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const fields = recordFields(context.options);
  const limit = context.options.maxLineBytes ?? 64 * mebibyte;
  const { offset: start = 0, record = 1, list = 0 } = context.start ?? {};
  const seeks = context.canSeek();
  let number = record;
  let single: FormatError | undefined;
  const values = jsonValues(context.textChunks(file, start), { file: file.path, limit, start, inList: list === 1 });
  for await (const value of values) {
    if (single) context.skipOrThrow(single);
    single = undefined;
    if (seeks) context.checkpoint({ offset: value.offset, record: number, list: value.inList ? 1 : 0 });
    const place = { file: file.path, offset: value.offset };
    try {
      const text = context.decode(wholeValue(value, place, limit), place);
      if (text !== undefined) yield parseRecord(text, place, number, fields);
    } catch (error) {
      const mayBeSettings = number === 1 && !value.inList && !file.isNamed;
      if (mayBeSettings && error instanceof FormatError && error.reason === "no text") single = error;
      else context.skipOrThrow(error);
    }
    number += 1;
  }
  if (single) context.passOver("JSON object that is no list of records");
}

function wholeValue({ bytes, length }: JsonValue, place: { file: string; offset: number }, limit: number): Buffer {
  if (bytes) return bytes;
  const detail = `the record holds ${length} bytes, more than maxLineBytes allows, ${limit} (raise maxLineBytes, or set badInput: "skip")`;
  throw new FormatError(place, "record too long", detail);
}
