// Documents from MediaWiki XML dumps (schema export-0.10 and 0.11): one page a document, its wikitext turned into plain text.
import { SaxesParser, type SaxesTagPlain } from "saxes";
import type { Document } from "../document.ts";
import { FormatError, systemReason } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { wikitextToPlain } from "./wikitext.ts";

interface Page {
  title: string;
  namespace: number;
  id: string;
  redirects: boolean;
  revision: string;
  timestamp: string;
  model: string;
  text: string;
  /** The text was longer than the limit and is not here. */
  tooLong: boolean;
}

/**
 * The articles of a dump (namespaces by `wikiNamespaces`, no redirects; of several revisions the last in the file).
 * The id is the page's; the metadata hold title, url, revision and timestamp.
 */
export async function* wikipediaDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const limit = context.options.maxDocumentBytes ?? 64 * mebibyte;
  const namespaces = new Set(context.options.wikiNamespaces ?? [0]);
  const dump = new DumpParser(limit);
  const decoder = new TextDecoder("utf-8", { fatal: context.options.invalidUtf8 !== "replace" });
  let offset = 0;
  for await (const chunk of parsedChunks()) {
    for (const page of chunk) {
      if (page.redirects || !namespaces.has(page.namespace) || !["", "wikitext"].includes(page.model)) continue;
      if (page.tooLong) {
        const detail = `the page "${page.title}" holds more than ${limit} characters (raise maxDocumentBytes, or set badInput: "skip")`;
        context.skipOrThrow(new FormatError({ file: file.path, offset }, "text too long", detail));
        continue;
      }
      yield pageDocument(page, dump);
    }
  }

  async function* parsedChunks(): AsyncGenerator<readonly Page[]> {
    for await (const chunk of context.chunks(file)) {
      yield parse(() => dump.write(decoder.decode(chunk, { stream: true })));
      offset += chunk.length;
    }
    yield parse(() => dump.end(decoder.decode()));
  }

  function parse(work: () => readonly Page[]): readonly Page[] {
    try {
      return work();
    } catch (error) {
      const encoding = (error as NodeJS.ErrnoException).code === "ERR_ENCODING_INVALID_ENCODED_DATA";
      const detail = encoding
        ? 'somewhere in the next 1 MiB (download the dump again, or set invalidUtf8 to "replace")'
        : `${systemReason(error)} (is it a MediaWiki dump, and whole? download it again)`;
      throw new FormatError({ file: file.path, offset }, encoding ? "invalid UTF-8" : "malformed XML", detail, {
        cause: error,
      });
    }
  }
}

function pageDocument(page: Page, { base, hiddenNamespaces }: DumpParser): Document {
  const url =
    base && base + encodeURIComponent(page.title.replaceAll(" ", "_")).replaceAll("%2F", "/").replaceAll("%3A", ":");
  const metadata: Record<string, string> = { title: page.title };
  if (url) metadata.url = url;
  if (page.revision) metadata.revision = page.revision;
  if (page.timestamp) metadata.timestamp = page.timestamp;
  return { id: page.id, text: wikitextToPlain(page.text, { hiddenNamespaces }), metadata };
}

/** Collects pages from the events of the XML parser. */
class DumpParser {
  /** Address before a page's title, from the dump's head. */
  base = "";
  /** This wiki's names of the namespaces of media (-2), files (6) and categories (14). */
  readonly hiddenNamespaces: string[] = [];
  readonly #parser = new SaxesParser();
  readonly #limit: number;
  #path: string[] = [];
  #content: string[] = [];
  #length = 0;
  #namespace = "";
  #page: Page | undefined;
  #pages: Page[] = [];

  constructor(limit: number) {
    this.#limit = limit;
    this.#parser.on("opentag", (tag) => this.#open(tag));
    this.#parser.on("text", (text) => this.#keep(text));
    this.#parser.on("cdata", (text) => this.#keep(text));
    this.#parser.on("closetag", () => this.#close());
  }

  /** The pages that end in this piece of XML. */
  write(xml: string): readonly Page[] {
    this.#pages = [];
    this.#parser.write(xml);
    return this.#pages;
  }

  end(xml: string): readonly Page[] {
    this.#pages = [];
    this.#parser.write(xml);
    this.#parser.close();
    return this.#pages;
  }

  #open(tag: SaxesTagPlain): void {
    this.#path.push(tag.name);
    this.#content = [];
    this.#length = 0;
    if (this.#path.length === 1 && tag.name !== "mediawiki") {
      throw new Error(`expected the root element <mediawiki>, got <${tag.name}>`);
    }
    if (tag.name === "namespace") this.#namespace = tag.attributes.key ?? "";
    if (this.#path.length === 2 && tag.name === "page") this.#page = emptyPage();
    if (this.#page && this.#path.length === 3 && tag.name === "redirect") this.#page.redirects = true;
  }

  #keep(text: string): void {
    this.#length += text.length;
    if (this.#length <= this.#limit) this.#content.push(text);
    else this.#content = [];
  }

  #close(): void {
    const place = this.#path.slice(1).join("/");
    this.#path.pop();
    if (place === "siteinfo/base") this.base = this.#text().replace(/[^/]*$/, "");
    if (place === "siteinfo/namespaces/namespace" && ["-2", "6", "14"].includes(this.#namespace)) {
      this.hiddenNamespaces.push(this.#text());
    }
    if (this.#page) this.#fill(this.#page, place);
  }

  #fill(page: Page, place: string): void {
    if (place === "page") {
      this.#pages.push(page);
      this.#page = undefined;
    } else if (place === "page/title") page.title = this.#text();
    else if (place === "page/ns") page.namespace = Number(this.#text());
    else if (place === "page/id") page.id = this.#text();
    else if (place === "page/revision/id") page.revision = this.#text();
    else if (place === "page/revision/timestamp") page.timestamp = this.#text();
    else if (place === "page/revision/model") page.model = this.#text();
    else if (place === "page/revision/text") {
      page.text = this.#text();
      page.tooLong = this.#length > this.#limit;
    }
  }

  #text(): string {
    return this.#content.join("");
  }
}

function emptyPage(): Page {
  return {
    title: "",
    namespace: 0,
    id: "",
    redirects: false,
    revision: "",
    timestamp: "",
    model: "",
    text: "",
    tooLong: false,
  };
}
