// Documents from JSON lines (jsonlines.org): one object a line, one of its fields the text.
import type { Document } from "./document.ts";
import { FormatError } from "./errors.ts";
import { type RecordFields, recordDocument, typeName } from "./sources/recordDocument.ts";

/**
 * The document in one line of a JSONL file. The other fields become its metadata; without an id field of text or
 * number the id is `file:line`.
 * @throws FormatError naming file and line for a line that is not a JSON object with the text in it.
 */
export function parseRecord(text: string, file: string, line: number, fields: RecordFields): Document {
  return recordDocument(parseObject(text, file, line), { file, line }, fields);
}

/** @throws FormatError naming file and line for a line that is not a JSON object. */
export function parseObject(text: string, file: string, line: number): Record<string, unknown> {
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
