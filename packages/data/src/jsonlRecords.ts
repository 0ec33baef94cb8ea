// Documents from JSON lines (jsonlines.org): one object a line, one of its fields the text.
import type { Document } from "./document.ts";
import { FormatError } from "./errors.ts";

/** Which fields of a record are the text and the id. */
export interface RecordFields {
  readonly textField: string;
  readonly idField: string;
}

/**
 * The document in one line of a JSONL file. The other fields become its metadata; without an id field of text or
 * number the id is `file:line`.
 * @throws FormatError naming file and line for a line that is not a JSON object with the text in it.
 */
export function parseRecord(text: string, file: string, line: number, fields: RecordFields): Document {
  const record = parseObject(text, file, line);
  const { [fields.textField]: value, [fields.idField]: id, ...rest } = record;
  if (typeof value !== "string") {
    const seen = Object.keys(record).slice(0, 10).join(", ");
    const detail = `expected text in the field "${fields.textField}", got ${value === undefined ? "no such field" : typeName(value)} (fields here: ${seen || "none"}; name the right one with textField)`;
    throw new FormatError({ file, line }, "no text", detail);
  }
  const named = typeof id === "string" || typeof id === "number";
  const metadata = named || id === undefined ? rest : { ...rest, [fields.idField]: id };
  const document = { id: named ? String(id) : `${file}:${line}`, text: value };
  return Object.keys(metadata).length > 0 ? { ...document, metadata } : document;
}

function parseObject(text: string, file: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const start = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    const detail = `${(error as SyntaxError).message} (the line starts ${JSON.stringify(start)})`;
    throw new FormatError({ file, line }, "invalid JSON", detail, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError({ file, line }, "invalid record", `expected a JSON object, got ${typeName(value)}`);
  }
  return value as Record<string, unknown>;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
