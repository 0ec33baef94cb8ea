// A document from a record with named fields, whatever format the record came in.
import type { Document } from "../document.ts";
import { type FilePlace, FormatError } from "../errors.ts";
import type { ReadOptions } from "./readOptions.ts";

/** Which fields of a record are the text and the id. */
export interface RecordFields {
  readonly textField: string;
  readonly idField: string;
}

/** The fields that the options name. */
export function recordFields(options: ReadOptions): RecordFields {
  return { textField: options.textField ?? "text", idField: options.idField ?? "id" };
}

/**
 * The document in a record. The other fields become its metadata; without an id field of text or number the id is
 * `file:number`.
 * @throws FormatError naming the place for a record without text.
 */
export function recordDocument(
  record: Readonly<Record<string, unknown>>,
  place: FilePlace,
  number: number,
  fields: RecordFields,
): Document {
  const { [fields.textField]: value, [fields.idField]: id, ...rest } = record;
  if (typeof value !== "string") {
    const seen = Object.keys(record).slice(0, 10).join(", ");
    const detail = `expected text in the field "${fields.textField}", got ${value === undefined ? "no such field" : typeName(value)} (fields here: ${seen || "none"}; name the right one with textField)`;
    throw new FormatError(place, "no text", detail);
  }
  const named = typeof id === "string" || typeof id === "number";
  const metadata = named || id === undefined ? rest : { ...rest, [fields.idField]: id };
  const document = { id: named ? String(id) : `${place.file}:${number}`, text: value };
  return Object.keys(metadata).length > 0 ? { ...document, metadata } : document;
}

/** The kind of a JSON value, in words. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
