// The reader of each format.
import type { Document } from "../document.ts";
import type { InputFile } from "../inputFile.ts";
import { archiveDocuments } from "./archiveDocuments.ts";
import { arxivDocuments } from "./arxivDocuments.ts";
import { csvDocuments } from "./csvDocuments.ts";
import type { DocumentFormat } from "./documentFormat.ts";
import { htmlDocuments } from "./htmlDocuments.ts";
import { jsonDocuments } from "./jsonDocuments.ts";
import { jsonlDocuments } from "./jsonlDocuments.ts";
import { latexDocuments } from "./latexDocuments.ts";
import { markdownDocuments } from "./markdownDocuments.ts";
import { parquetDocuments } from "./parquetDocuments.ts";
import { pdfDocuments } from "./pdfDocuments.ts";
import { pileDocuments } from "./pileDocuments.ts";
import { pubmedDocuments } from "./pubmedDocuments.ts";
import type { ReadingContext } from "./readOptions.ts";
import { repositoryDocuments } from "./repositoryDocuments.ts";
import { textDocuments } from "./textDocuments.ts";
import { ticketDocuments } from "./ticketDocuments.ts";
import { warcDocuments } from "./warcDocuments.ts";
import { wikipediaDocuments } from "./wikipediaDocuments.ts";

type FormatReader = (file: InputFile, context: ReadingContext) => AsyncIterable<Document>;

/** How the documents of a file are read, by its format. */
export const documentReaders: Readonly<Record<DocumentFormat, FormatReader>> = {
  text: textDocuments,
  markdown: markdownDocuments,
  html: htmlDocuments,
  pdf: pdfDocuments,
  latex: latexDocuments,
  jsonl: jsonlDocuments,
  json: jsonDocuments,
  csv: csvDocuments,
  tsv: csvDocuments,
  parquet: parquetDocuments,
  warc: warcDocuments,
  wikipedia: wikipediaDocuments,
  pile: pileDocuments,
  pubmed: pubmedDocuments,
  arxiv: arxivDocuments,
  archive: archiveDocuments,
  repository: repositoryDocuments,
  tickets: ticketDocuments,
};
