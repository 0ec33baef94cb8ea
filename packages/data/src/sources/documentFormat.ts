// How documents lie in a file, and how a file's name tells it.
import { compressionExtensions, compressionOfName } from "./compression.ts";

/**
 * How the documents lie in a file: text, Markdown, HTML, PDF and LaTeX files are one document each; JSON (a list, or values in a row), JSON
 * lines, CSV and Parquet hold one a record; web archives, MediaWiki dumps, PubMed's baseline, arXiv's metadata and The Pile one a
 * record of theirs. An archive holds files of any of these. A repository is a folder or archive of source code, tickets
 * are rows that are joined to threads; no name tells these two.
 */
export type DocumentFormat =
  | "text"
  | "markdown"
  | "html"
  | "pdf"
  | "latex"
  | "jsonl"
  | "json"
  | "csv"
  | "tsv"
  | "parquet"
  | "warc"
  | "wikipedia"
  | "pile"
  | "pubmed"
  | "arxiv"
  | "archive"
  | "repository"
  | "tickets";

const formatOfExtension: ReadonlyMap<string, DocumentFormat> = new Map(
  Object.entries<DocumentFormat>({
    txt: "text",
    text: "text",
    md: "markdown",
    markdown: "markdown",
    html: "html",
    htm: "html",
    xhtml: "html",
    pdf: "pdf",
    tex: "latex",
    jsonl: "jsonl",
    ndjson: "jsonl",
    json: "json",
    csv: "csv",
    tsv: "tsv",
    parquet: "parquet",
    warc: "warc",
    wet: "warc",
    tar: "archive",
    zip: "archive",
  }),
);

// Names under which collections are published, before their extension counts.
const knownNames: readonly (readonly [RegExp, DocumentFormat])[] = [
  // enwiki-20240101-pages-articles.xml, …-pages-articles-multistream1.xml-p1p41242
  [/-pages-(articles|meta).*\.xml(-p\d+p\d+)?$/i, "wikipedia"],
  // pubmed24n0001.xml of the baseline and of the daily updates
  [/(^|[\\/])pubmed\d+n\d+\.xml$/i, "pubmed"],
  [/(^|[\\/])arxiv-metadata-oai-snapshot\.json$/i, "arxiv"],
];
// A paper's source as arXiv gives it and as its bulk archives (arXiv_src_2401_001.tar) hold it: 2401.00001.gz, 2401.00001v2.tar.gz, hep-th9901001.gz.
const arxivSource = /(^|[\\/])(\d{4}\.\d{4,5}|[a-z-]+\d{7})(v\d+)?(\.tar)?\.gz$/;

const knownKinds = [...formatOfExtension.keys()].map((extension) => `.${extension}`);

/** The endings of names that are read, in words. */
export const knownEndings = `${knownKinds.join(", ")}, each also with ${compressionExtensions.map((name) => `.${name}`).join(", ")}`;

/** The format that a file's name tells, or undefined. */
export function formatOfName(path: string): DocumentFormat | undefined {
  if (arxivSource.test(path)) return "latex";
  const { inner } = compressionOfName(path);
  const known = knownNames.find(([pattern]) => pattern.test(inner));
  return known ? known[1] : formatOfExtension.get(inner.slice(inner.lastIndexOf(".") + 1).toLowerCase());
}
