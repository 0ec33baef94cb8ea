// Documents from LaTeX: a single file, or the folder or archive of a paper's source as arXiv keeps it.
import { dirname, join } from "node:path/posix";
import type { Document } from "../document.ts";
import { FormatError } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { archiveEntries } from "./archiveEntries.ts";
import type { ArchiveEntry } from "./archiveEntry.ts";
import { memorySource } from "./byteSource.ts";
import { decodeCharset } from "./decodeCharset.ts";
import { latexToPlain } from "./latex.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { tarEntries } from "./tarEntries.ts";
import { wholeBytes } from "./wholeBytes.ts";
import { zipEntries } from "./zipEntries.ts";

// Sources of papers are older than UTF-8 in LaTeX: what is not UTF-8 was written in the encoding of western Europe.
const olderEncoding = "windows-1252";

/**
 * One document a paper: the plain text of its main file, with the files that it reads in. Which it is, the bytes tell: a
 * tar or zip archive, or the file itself; a folder is one paper too. `metadata.mainFile` names it.
 */
export async function* latexDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const limit = context.options.maxDocumentBytes ?? 64 * mebibyte;
  if (file.isFolder) {
    yield paper(file, await readSources(archiveEntries(file, context), limit, file, context));
    return;
  }
  // Zip archives and encodings must not be looked at as text, so the encoding of the options is applied below.
  const bytes = await wholeBytes(context.chunks(file), limit, { file: file.path });
  const inner: InputFile = {
    path: file.path,
    format: "archive",
    compression: "none",
    size: bytes.length,
    open: async () => memorySource(bytes),
  };
  if (bytes.toString("latin1", 257, 262) === "ustar") {
    yield paper(file, await readSources(tarEntries(inMemory(bytes), file.path), limit, file, context));
  } else if (bytes.toString("latin1", 0, 4) === "PK\x03\x04") {
    yield paper(file, await readSources(zipEntries(inner, context.nested()), limit, file, context));
  } else {
    const text = decodeSource(bytes, file, context);
    yield { id: file.path, text: latexToPlain(text) };
  }
}

async function* inMemory(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** The files that may be read in, by path. */
async function readSources(
  entries: AsyncIterable<ArchiveEntry>,
  limit: number,
  file: InputFile,
  context: ReadingContext,
): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  let length = 0;
  for await (const entry of entries) {
    if (!/\.(?:tex|ltx|latex)$/i.test(entry.path)) continue;
    const place = { file: `${file.path}/${entry.path}` };
    const bytes = await wholeBytes(entry.stream(), limit - length, place);
    length += bytes.length;
    sources.set(entry.path, decodeSource(bytes, file, context));
  }
  return sources;
}

function decodeSource(bytes: Buffer, file: InputFile, context: ReadingContext): string {
  const { encoding } = context.options;
  if (bytes.includes(0) && encoding === undefined) {
    const detail = "a NUL byte is not LaTeX (is it a PDF or another format? leave the file out)";
    throw new FormatError({ file: file.path, offset: bytes.indexOf(0) }, "binary data", detail);
  }
  try {
    return decodeCharset(bytes, encoding ?? "utf-8", { fatal: true });
  } catch {
    return decodeCharset(bytes, olderEncoding);
  }
}

function paper(file: InputFile, sources: ReadonlyMap<string, string>): Document {
  const mainFile = findMainFile(sources);
  if (mainFile === undefined) {
    const detail = `expected a .tex file with \\documentclass or \\begin{document}, found ${sources.size} without`;
    throw new FormatError({ file: file.path }, "no LaTeX document", detail);
  }
  const folder = dirname(mainFile);
  const find = (name: string): string | undefined => {
    const paths = [join(folder, name), join(name)].flatMap((path) => [path, `${path}.tex`]);
    const path = paths.find((candidate) => sources.has(candidate));
    // A file that reads in the one that reads it would go round in circles.
    return path === undefined || path === mainFile ? undefined : sources.get(path);
  };
  const text = latexToPlain(sources.get(mainFile) ?? "", { findInput: find });
  return { id: file.path, text, metadata: { mainFile } };
}

/** arXiv's rule of thumb: the file that begins a document; of several the shallowest, then the longest. */
function findMainFile(sources: ReadonlyMap<string, string>): string | undefined {
  const depth = (path: string): number => path.split("/").length;
  const candidates = [...sources].filter(([, text]) => /\\document(?:class|style)|\\begin\s*\{document\}/.test(text));
  candidates.sort(([a, left], [b, right]) => depth(a) - depth(b) || right.length - left.length || (a < b ? -1 : 1));
  return candidates[0]?.[0];
}
