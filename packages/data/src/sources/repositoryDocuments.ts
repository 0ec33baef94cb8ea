// Documents from repositories of source code: a folder, or the tar or zip archive that GitHub and others give.
import { posix } from "node:path";
import type { Document } from "../document.ts";
import { FormatError } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { archiveEntries } from "./archiveEntries.ts";
import type { ArchiveEntry } from "./archiveEntry.ts";
import { isGenerated, isMinified, isVendored } from "./generatedCode.ts";
import { declaredLicense, detectLicense, licenseFile } from "./licenses.ts";
import { type LanguageIndex, loadLanguages, type ProgrammingLanguage } from "./programmingLanguages.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { wholeBytes } from "./wholeBytes.ts";

/** What of a repository is taken. */
export interface RepositoryOptions {
  /** Languages to take, by GitHub's names (`"TypeScript"`, `"C++"`). Default: all but data formats such as JSON. */
  readonly languages?: readonly string[];
  /**
   * Licences to take, by SPDX identifier, told for each file by the nearest LICENSE file above it or by its own
   * `SPDX-License-Identifier`. Default: all, and files without one.
   */
  readonly licenses?: readonly string[];
  /** Largest file, in bytes. Default 1 MiB. */
  readonly maxFileBytes?: number;
  /** Longest line, in characters; minified code has longer ones. Default 1000. */
  readonly maxLine?: number;
  /** Longest mean line, in characters. Default 100. */
  readonly maxMeanLine?: number;
}

/** What the first look at a repository tells. */
interface RepositoryFacts {
  /** Licence by folder, "" for the root. */
  readonly licenses: ReadonlyMap<string, string>;
  /** The folder that all files of an archive lie in, with its slash; "" where there is none. */
  readonly root: string;
}

const maxLicenseBytes = mebibyte;
// As git does it: a NUL byte among the first ones makes a file binary.
const binaryLookBytes = 8000;

/**
 * One document a source file. The id is the repository's path and the file's; metadata: path, language, license (SPDX,
 * where it is known). Passed over, and counted so: vendored, generated, minified and binary files, texts of licences, and
 * files of unknown or unwanted languages and licences.
 */
export async function* repositoryDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const options = context.options.repository ?? {};
  const languages = await loadLanguages();
  // Licences lie anywhere among the files, so they are looked for first; what this reads is not counted as progress.
  const facts = await readFacts(archiveEntries(file, context.nested()), file);
  for await (const entry of archiveEntries(file, context)) {
    const path = entry.path.slice(facts.root.length);
    const reason = earlyReason(path, entry, options);
    if (reason !== undefined) {
      context.passOver(reason);
      continue;
    }
    try {
      const document = await sourceFile(file, entry, path, { facts, languages, context });
      if (document) yield document;
    } catch (error) {
      if (error instanceof FormatError && error.place.file === file.path) throw error;
      context.skipOrThrow(error);
    }
  }
}

/** Why a file is passed over before it is opened. */
function earlyReason(path: string, entry: ArchiveEntry, options: RepositoryOptions): string | undefined {
  if (isVendored(path)) return "vendored";
  if (licenseFile.test(posix.basename(path))) return "license text";
  return entry.size > (options.maxFileBytes ?? mebibyte) ? "file too long" : undefined;
}

interface RepositoryReading {
  readonly facts: RepositoryFacts;
  readonly languages: LanguageIndex;
  readonly context: ReadingContext;
}

async function sourceFile(
  file: InputFile,
  entry: ArchiveEntry,
  path: string,
  { facts, languages, context }: RepositoryReading,
): Promise<Document | undefined> {
  const options = context.options.repository ?? {};
  const place = { file: `${file.path}/${entry.path}` };
  const bytes = await wholeBytes(
    entry.stream(),
    options.maxFileBytes ?? mebibyte,
    place,
    "raise repository.maxFileBytes",
  );
  if (bytes.subarray(0, binaryLookBytes).includes(0)) return passOver("binary");
  const text = context.decode(bytes, place);
  if (text === undefined) return undefined;
  const language = languages.detect(path, text);
  if (language === undefined) return passOver("no known language");
  if (!wantsLanguage(language, options)) return passOver("other language");
  if (isGenerated(path, text)) return passOver("generated");
  const { maxLine = 1000, maxMeanLine = 100 } = options;
  if (language.type !== "prose" && isMinified(text, { maxLine, maxMeanLine })) return passOver("minified");
  const license = declaredLicense(text) ?? nearestLicense(path, facts.licenses);
  if (options.licenses && !options.licenses.includes(license ?? "")) return passOver("other license");
  return { id: place.file, text, metadata: { path, language: language.name, ...(license ? { license } : {}) } };

  function passOver(reason: string): undefined {
    context.passOver(reason);
  }
}

function wantsLanguage(language: ProgrammingLanguage, { languages }: RepositoryOptions): boolean {
  return languages ? languages.includes(language.name) : language.type !== "data";
}

async function readFacts(entries: AsyncIterable<ArchiveEntry>, file: InputFile): Promise<RepositoryFacts> {
  const licenses = new Map<string, string>();
  let root: string | undefined;
  for await (const entry of entries) {
    const [first = ""] = entry.path.split("/");
    const folder = file.isFolder || first === entry.path ? "" : `${first}/`;
    root = root === undefined || root === folder ? folder : "";
    const name = posix.basename(entry.path);
    if (!licenseFile.test(name) || isVendored(entry.path) || entry.size > maxLicenseBytes) continue;
    const place = { file: `${file.path}/${entry.path}` };
    const id = await detectLicense((await wholeBytes(entry.stream(), maxLicenseBytes, place)).toString("utf8"));
    if (id !== undefined) licenses.set(folderOf(entry.path), id);
  }
  if (root === undefined) {
    throw new FormatError(
      { file: file.path },
      "empty repository",
      "expected files, found none (is it the right folder?)",
    );
  }
  const within = [...licenses].map(([folder, id]) => [folderWithin(folder, root), id] as const);
  return { licenses: new Map(within), root };
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

function folderWithin(folder: string, root: string): string {
  return root === "" ? folder : folder.slice(root.length);
}

function nearestLicense(path: string, licenses: ReadonlyMap<string, string>): string | undefined {
  for (let folder = folderOf(path); folder !== ""; folder = folderOf(folder)) {
    const license = licenses.get(folder);
    if (license !== undefined) return license;
  }
  return licenses.get("");
}
