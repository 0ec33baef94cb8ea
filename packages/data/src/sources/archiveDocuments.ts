// Documents from the files in tar and zip archives, each read by the format that its name tells.
import type { Document } from "../document.ts";
import { FormatError } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { archiveEntries } from "./archiveEntries.ts";
import type { ArchiveEntry } from "./archiveEntry.ts";
import { memorySource } from "./byteSource.ts";
import { compressionOfName } from "./compression.ts";
import { type DocumentFormat, formatOfName } from "./documentFormat.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { wholeBytes } from "./wholeBytes.ts";

/** Formats that are read in ranges, for which a file of an archive is held in memory. */
const rangeFormats: ReadonlySet<DocumentFormat> = new Set(["parquet", "archive"]);

/** The documents of an archive's files of known kinds; the others are counted as passed over. Ids begin with the archive's path. */
export async function* archiveDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  let number = 0;
  for await (const entry of archiveEntries(file, context)) {
    number += 1;
    // What was read before is not opened again; of a zip not even fetched.
    if (number < (context.start?.entry ?? 0)) continue;
    context.checkpoint({ entry: number });
    const format = formatOfName(entry.path);
    if (format === undefined) {
      context.passOver("unknown kind of file in an archive");
      continue;
    }
    const place = { file: `${file.path}/${entry.path}` };
    try {
      const inner = await innerFile(place.file, entry, format, context);
      yield* context.nestedDocuments(inner);
    } catch (error) {
      // A fault of the archive itself would only come again with its next file.
      if (error instanceof FormatError && error.place.file === file.path) throw error;
      context.skipOrThrow(error);
    }
  }
}

async function innerFile(
  path: string,
  entry: ArchiveEntry,
  format: DocumentFormat,
  context: ReadingContext,
): Promise<InputFile> {
  const { compression } = compressionOfName(entry.path);
  const described = { path, format, compression, size: entry.size };
  if (!rangeFormats.has(format)) {
    return { ...described, open: async () => ({ size: entry.size, read: () => entry.stream() }) };
  }
  const limit = context.options.maxDocumentBytes ?? 64 * mebibyte;
  if (entry.size > limit) {
    const detail = `it holds ${entry.size} bytes, the limit for a ${format} within an archive is ${limit} (unpack it, or raise maxDocumentBytes)`;
    throw new FormatError({ file: path }, "text too long", detail);
  }
  const bytes = await wholeBytes(entry.stream(), limit, { file: path });
  return { ...described, open: async () => memorySource(bytes) };
}
