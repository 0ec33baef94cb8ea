// Documents from MediaWiki XML dumps (schema export-0.10 and 0.11): one page a document, its wikitext turned into plain text.
import { SaxesParser } from "saxes";
import type { Document } from "../document.ts";
import { type FilePlace, FormatError, systemReason } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";
import { wikitextToPlain } from "./wikitext.ts";
import { type XmlElement, xmlElements } from "./xmlElements.ts";

/** What stands within a page beside its text: titles, contributors, comments. */
const markupBytes = mebibyte;

/** What a dump's head tells of the wiki. */
interface SiteInfo {
  /** Address before a page's title. */
  readonly base: string;
  /** This wiki's names of the namespaces of media (-2), files (6) and categories (14). */
  readonly hiddenNamespaces: readonly string[];
}

interface Page {
  readonly title: string;
  readonly namespace: number;
  readonly id: string;
  readonly redirects: boolean;
  readonly revision: string;
  readonly timestamp: string;
  readonly model: string;
  readonly text: string;
}

const unknownSite: SiteInfo = { base: "", hiddenNamespaces: [] };

/**
 * The articles of a dump (namespaces by `wikiNamespaces`, no redirects; of several revisions the last in the file).
 * The id is the page's; the metadata hold title, url, revision and timestamp. A malformed page is skipped alone, by policy.
 */
export async function* wikipediaDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const textLimit = context.options.maxDocumentBytes ?? 64 * mebibyte;
  const namespaces = new Set(context.options.wikiNamespaces ?? [0]);
  const start = context.start?.offset ?? 0;
  const seeks = context.canSeek();
  const wanted = { file: file.path, root: "mediawiki", limit: textLimit + markupBytes };
  let site = start > 0 ? await siteOfHead(file, context) : undefined;
  for await (const element of xmlElements(context.chunks(file, start), {
    ...wanted,
    names: ["page", "siteinfo"],
    start,
  })) {
    const place = { file: file.path, offset: element.offset };
    if (seeks && element.name === "page") context.checkpoint({ offset: element.offset });
    try {
      const xml = elementText(element, textLimit, place, context);
      if (xml === undefined) continue;
      if (element.name === "siteinfo") {
        site = parseXml(place, () => readSiteInfo(xml));
        continue;
      }
      const page = parseXml(place, () => readPage(xml));
      if (page.redirects || !namespaces.has(page.namespace) || !["", "wikitext"].includes(page.model)) continue;
      if (page.text.length > textLimit) throw tooLong(place, `the page "${page.title}"`, textLimit);
      yield pageDocument(page, site ?? unknownSite);
    } catch (error) {
      context.skipOrThrow(error);
    }
  }
}

/** What the dump's head tells, for a reading that starts behind it. */
async function siteOfHead(file: InputFile, context: ReadingContext): Promise<SiteInfo | undefined> {
  const wanted = { file: file.path, root: "mediawiki", names: ["page", "siteinfo"], limit: mebibyte };
  for await (const { name, xml } of xmlElements(context.nested().chunks(file), wanted)) {
    if (name === "page" || xml === undefined) return undefined;
    return parseXml({ file: file.path, offset: 0 }, () => readSiteInfo(xml.toString()));
  }
  return undefined;
}

function elementText(
  { name, xml }: XmlElement,
  textLimit: number,
  place: FilePlace,
  context: ReadingContext,
): string | undefined {
  if (xml === undefined) throw tooLong(place, `the <${name}> that begins here`, textLimit);
  return context.decode(xml, place);
}

function tooLong(place: FilePlace, what: string, limit: number): FormatError {
  const detail = `${what} holds more than ${limit} characters (raise maxDocumentBytes, or set badInput: "skip")`;
  return new FormatError(place, "text too long", detail);
}

function parseXml<T>(place: FilePlace, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const detail = `${systemReason(error)} (is it a MediaWiki dump? download it again)`;
    throw new FormatError(place, "malformed XML", detail, { cause: error });
  }
}

function pageDocument(page: Page, { base, hiddenNamespaces }: SiteInfo): Document {
  const url =
    base && base + encodeURIComponent(page.title.replaceAll(" ", "_")).replaceAll("%2F", "/").replaceAll("%3A", ":");
  const metadata: Record<string, string> = { title: page.title };
  if (url) metadata.url = url;
  if (page.revision) metadata.revision = page.revision;
  if (page.timestamp) metadata.timestamp = page.timestamp;
  return { id: page.id, text: wikitextToPlain(page.text, { hiddenNamespaces }), metadata };
}

function readSiteInfo(xml: string): SiteInfo {
  let base = "";
  const hiddenNamespaces: string[] = [];
  readPlaces(xml, (place, text, attributes) => {
    if (place === "base") base = text.replace(/[^/]*$/, "");
    const isHidden = place === "namespaces/namespace" && ["-2", "6", "14"].includes(attributes.key ?? "");
    if (isHidden) hiddenNamespaces.push(text);
  });
  return { base, hiddenNamespaces };
}

function readPage(xml: string): Page {
  const texts = new Map<string, string>();
  // Of several revisions the last one stays.
  readPlaces(xml, (place, text) => texts.set(place, text));
  const text = (place: string): string => texts.get(place) ?? "";
  return {
    title: text("title"),
    namespace: Number(text("ns")),
    id: text("id"),
    redirects: texts.has("redirect"),
    revision: text("revision/id"),
    timestamp: text("revision/timestamp"),
    model: text("revision/model"),
    text: text("revision/text"),
  };
}

/** Calls `found` for each element within the outermost one, with its path there and the text that is directly in it. */
function readPlaces(
  xml: string,
  found: (place: string, text: string, attributes: Readonly<Record<string, string>>) => void,
): void {
  const parser = new SaxesParser();
  const open: { readonly name: string; readonly attributes: Record<string, string>; text: string }[] = [];
  const keep = (text: string): void => {
    const element = open.at(-1);
    if (element) element.text += text;
  };
  parser.on("opentag", ({ name, attributes }) => open.push({ name, attributes, text: "" }));
  parser.on("text", keep);
  parser.on("cdata", keep);
  parser.on("closetag", () => {
    const place = open
      .slice(1)
      .map(({ name }) => name)
      .join("/");
    const element = open.pop();
    if (element && place !== "") found(place, element.text, element.attributes);
  });
  parser.write(xml).close();
}
