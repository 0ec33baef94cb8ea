// Documents from Markdown files, their front matter (YAML between two lines of ---) as metadata.
import { parse } from "yaml";
import type { Document } from "../document.ts";
import { FormatError, systemReason } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import type { ReadingContext } from "./readOptions.ts";
import { textDocuments } from "./textDocuments.ts";

const frontMatter = /^---[ \t]*\r?\n(?:([\s\S]*?)\r?\n)?(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/;

/**
 * The document of a Markdown file: the text below its front matter, which becomes the metadata. Cut into pieces by
 * `textDocumentBytes`, front matter is metadata of the first piece.
 */
export async function* markdownDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  let first = context.start === undefined;
  for await (const document of textDocuments(file, context)) {
    const match = first ? frontMatter.exec(document.text) : null;
    first = false;
    if (match === null) {
      yield document;
      continue;
    }
    const metadata = parseFrontMatter(match[1] ?? "", file, context);
    const text = document.text.slice(match[0].length).replace(/^(?:[ \t]*\r?\n)+/, "");
    yield { ...document, text, ...(Object.keys(metadata).length > 0 ? { metadata } : {}) };
  }
}

function parseFrontMatter(yaml: string, file: InputFile, context: ReadingContext): Record<string, unknown> {
  try {
    const value: unknown = parse(yaml, { logLevel: "error" });
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch (error) {
    const detail = `${systemReason(error)} (the text is read without it where bad input is skipped)`;
    context.skipOrThrow(
      new FormatError({ file: file.path, line: 1 }, "invalid front matter", detail, { cause: error }),
    );
    return {};
  }
}
