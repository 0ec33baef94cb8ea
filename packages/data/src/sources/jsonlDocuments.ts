// Documents from JSON lines: one record a line, bad ones left to the policy of the reading.
import type { Document } from "../document.ts";
import type { InputFile } from "../inputFile.ts";
import { parseRecord } from "../jsonlRecords.ts";
import { fileLines, wholeLine } from "./fileLines.ts";
import type { ReadingContext } from "./readOptions.ts";
import { recordFields } from "./recordDocument.ts";

/** The documents of a JSONL file; blank lines are passed over. */
export async function* jsonlDocuments(
  file: InputFile,
  context: ReadingContext,
  fields = recordFields(context.options),
): AsyncGenerator<Document> {
  const seeks = context.canSeek();
  for await (const line of fileLines(file, context)) {
    if (seeks) context.checkpoint({ offset: line.offset, line: line.number });
    try {
      const bytes = wholeLine(file, line);
      const text = context.decode(bytes, { file: file.path, line: line.number, offset: line.offset });
      if (text === undefined || text.trim() === "") continue;
      yield parseRecord(text, { file: file.path, line: line.number }, line.number, fields);
    } catch (error) {
      context.skipOrThrow(error);
    }
  }
}
