// Documents from JSON records: one object each, one of its fields the text.
import type { Document } from "./document.ts";
import { type FilePlace, FormatError } from "./errors.ts";
import { type RecordFields, recordDocument, typeName } from "./sources/recordDocument.ts";

/**
 * The document in the JSON of one record. The other fields become its metadata; without an id field of text or number the
 * id is `file:number`.
 * @throws FormatError naming the place for what is not a JSON object with the text in it.
 */
export function parseRecord(text: string, place: FilePlace, number: number, fields: RecordFields): Document {
  return recordDocument(parseObject(text, place), place, number, fields);
}

/** @throws FormatError naming the place for what is not a JSON object. */
export function parseObject(text: string, place: FilePlace): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const start = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    const what = place.line === undefined ? "record" : "line";
    const detail = `${(error as SyntaxError).message} (the ${what} starts ${JSON.stringify(start)})`;
    throw new FormatError(place, "invalid JSON", detail, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(place, "invalid record", `expected a JSON object, got ${typeName(value)}`);
  }
  return value as Record<string, unknown>;
}
