// Documents from PubMed's baseline and update files (XML of the National Library of Medicine): title and abstract of each article.
import { SaxesParser } from "saxes";
import type { Document } from "../document.ts";
import { FormatError, systemReason } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { xmlElements } from "./xmlElements.ts";

/** Deepest place of which something is taken, within `PubmedArticle`. */
const places: Readonly<Record<string, keyof ArticleTexts>> = {
  "MedlineCitation/PMID": "pmid",
  "MedlineCitation/Article/ArticleTitle": "title",
  "MedlineCitation/Article/VernacularTitle": "vernacularTitle",
  "MedlineCitation/Article/Journal/Title": "journal",
  "MedlineCitation/Article/Language": "languages",
  "MedlineCitation/Article/Abstract/AbstractText": "abstract",
  "MedlineCitation/Article/Journal/JournalIssue/PubDate/Year": "date",
  "MedlineCitation/Article/Journal/JournalIssue/PubDate/Month": "date",
  "MedlineCitation/Article/Journal/JournalIssue/PubDate/Day": "date",
  "MedlineCitation/Article/Journal/JournalIssue/PubDate/MedlineDate": "date",
  "MedlineCitation/MeshHeadingList/MeshHeading/DescriptorName": "subjects",
  "PubmedData/ArticleIdList/ArticleId": "ids",
};
const authorPlace = "MedlineCitation/Article/AuthorList/Author/";

interface ArticleText {
  readonly text: string;
  readonly attributes: Readonly<Record<string, string>>;
}

interface ArticleTexts {
  pmid: ArticleText[];
  title: ArticleText[];
  vernacularTitle: ArticleText[];
  journal: ArticleText[];
  languages: ArticleText[];
  abstract: ArticleText[];
  date: ArticleText[];
  subjects: ArticleText[];
  ids: ArticleText[];
}

interface Article extends ArticleTexts {
  authors: string[];
}

/**
 * One document an article: its title, a blank line and its abstract, whose labelled parts are paragraphs ("METHODS: …").
 * Articles without an abstract are passed over. The id is the PMID; metadata: title, authors, journal, date (as far as
 * it is told), languages, subjects (MeSH), doi and pmc. A malformed article is skipped alone, by policy.
 */
export async function* pubmedDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const limit = context.options.maxDocumentBytes ?? 64 * mebibyte;
  const start = context.start?.offset ?? 0;
  const seeks = context.canSeek();
  const wanted = { file: file.path, root: "PubmedArticleSet", names: ["PubmedArticle"], limit, start };
  for await (const { xml, offset, length } of xmlElements(context.chunks(file, start), wanted)) {
    if (seeks) context.checkpoint({ offset });
    const place = { file: file.path, offset };
    try {
      if (xml === undefined) {
        const detail = `the article holds ${length} bytes, the limit is ${limit} (raise maxDocumentBytes)`;
        throw new FormatError(place, "text too long", detail);
      }
      const text = context.decode(xml, place);
      if (text === undefined) continue;
      const document = articleDocument(parseArticle(text, place), place);
      if (document) yield document;
      else context.passOver("article without an abstract");
    } catch (error) {
      context.skipOrThrow(error);
    }
  }
}

function articleDocument(article: Article, place: { file: string; offset: number }): Document | undefined {
  const first = (name: keyof ArticleTexts): string => article[name][0]?.text ?? "";
  const id = first("pmid");
  if (id === "") throw new FormatError(place, "invalid record", "expected an article with a PMID, got none");
  if (article.abstract.length === 0) return undefined;
  const title = first("title") || first("vernacularTitle");
  const paragraphs = article.abstract.map(({ text, attributes }) => {
    const label = attributes.Label;
    return label && label.toUpperCase() !== "UNLABELLED" ? `${label}: ${text}` : text;
  });
  const metadata: Record<string, unknown> = { title, authors: article.authors };
  const add = (name: string, value: string): void => {
    if (value !== "") metadata[name] = value;
  };
  add("journal", first("journal"));
  add("date", article.date.map(({ text }) => text).join(" "));
  metadata.languages = article.languages.map(({ text }) => text);
  metadata.subjects = article.subjects.map(({ text }) => text);
  for (const type of ["doi", "pmc"]) {
    add(type, article.ids.find(({ attributes }) => attributes.IdType === type)?.text ?? "");
  }
  return { id, text: [title, paragraphs.join("\n")].filter(Boolean).join("\n\n"), metadata };
}

function parseArticle(xml: string, place: { file: string; offset: number }): Article {
  try {
    return readArticle(xml);
  } catch (error) {
    const detail = `${systemReason(error)} (download the file again)`;
    throw new FormatError(place, "malformed XML", detail, { cause: error });
  }
}

function readArticle(xml: string): Article {
  const article: Article = {
    pmid: [],
    title: [],
    vernacularTitle: [],
    journal: [],
    languages: [],
    abstract: [],
    date: [],
    subjects: [],
    ids: [],
    authors: [],
  };
  const parser = new SaxesParser();
  const path: string[] = [];
  // Titles and abstracts hold elements such as <i> and <sub>: the text of a place is all that stands within it.
  let open:
    | { readonly depth: number; readonly place: string; text: string; attributes: Record<string, string> }
    | undefined;
  let author: Record<string, string> = {};
  const isWanted = (place: string): boolean => Object.hasOwn(places, place) || place.startsWith(authorPlace);
  parser.on("opentag", ({ name, attributes }) => {
    path.push(name);
    const place = path.slice(1).join("/");
    if (open === undefined && isWanted(place)) open = { depth: path.length, place, text: "", attributes };
    if (`${place}/` === authorPlace) author = {};
  });
  const keep = (text: string): void => {
    if (open) open.text += text;
  };
  parser.on("text", keep);
  parser.on("cdata", keep);
  parser.on("closetag", () => {
    const place = path.slice(1).join("/");
    if (open && open.depth === path.length) {
      const text = open.text.replace(/\s+/g, " ").trim();
      const key = places[open.place];
      if (key === undefined) author[open.place.slice(authorPlace.length)] = text;
      else if (text !== "") article[key].push({ text, attributes: open.attributes });
      open = undefined;
    }
    if (`${place}/` === authorPlace) article.authors.push(authorName(author));
    path.pop();
  });
  parser.write(xml).close();
  article.authors = article.authors.filter((name) => name !== "");
  return article;
}

function authorName(author: Readonly<Record<string, string>>): string {
  if (author.CollectiveName) return author.CollectiveName;
  return [author.ForeName ?? author.Initials, author.LastName, author.Suffix].filter(Boolean).join(" ");
}
