// Plain text from wikitext: what a reader of the page reads, without templates, tables, files, references and mark-up.
// It goes where mwparserfromhell's `strip_code` goes, and further: categories, file captions, magic words and headings
// over nothing are left out, formulas are kept as LaTeX.
import { decodeHTML } from "entities";
import { removeTables, removeTemplates, resolveLinks } from "./wikitextNesting.ts";

/** Options of `wikitextToPlain`. */
export interface WikitextOptions {
  /** This wiki's names of the namespaces of files and categories, whose links are no text; the English ones always count. */
  readonly hiddenNamespaces?: readonly string[];
}

const englishHidden = ["file", "image", "media", "category"];
const droppedElements = new Set(
  "ref references gallery timeline score imagemap templatedata hiero graph mapframe maplink categorytree inputbox indicator".split(
    " ",
  ),
);
const rawElements = new Set(["nowiki", "pre", "syntaxhighlight", "source", "code"]);
const formulaElements = new Set(["math", "chem", "ce"]);
const lineBreakElements = new Set(["br", "hr", "p", "div", "li", "tr", "blockquote", "poem", "h2", "h3", "h4"]);
// NUL cannot occur in XML, so it is free to mark where text that is not wikitext stands.
const rawMark = "\0";

/**
 * The plain text of a page's wikitext: paragraphs, list items and headings as lines, parted by at most one blank line.
 * Takes time in proportion to the text, however its brackets are nested or left open.
 */
export function wikitextToPlain(wikitext: string, options: WikitextOptions = {}): string {
  const hidden = new Set([...englishHidden, ...(options.hiddenNamespaces ?? []).map((name) => name.toLowerCase())]);
  const raw: string[] = [];
  let text = removeComments(wikitext.replaceAll(rawMark, ""));
  text = resolveElements(text, raw);
  text = removeTables(removeTemplates(text));
  text = resolveLinks(text, hidden);
  text = text
    .replace(
      /\[(?:https?:|ftp:|mailto:|\/\/)[^\s[\]]+(?:[ \t]([^[\]\n]*))?\]/gi,
      (_, label: string | undefined) => label ?? "",
    )
    .replace(/'{2,}/g, "")
    .replace(/__[A-Z]+__/g, "");
  text = decodeHTML(plainLines(text));
  return text.replace(/\0(\d+)\0/g, (_, index: string) => raw[Number(index)] ?? "").trim();
}

function removeComments(text: string): string {
  let kept = "";
  let position = 0;
  for (;;) {
    const start = text.indexOf("<!--", position);
    if (start === -1) return kept + text.slice(position);
    kept += text.slice(position, start);
    const end = text.indexOf("-->", start + 4);
    if (end === -1) return kept;
    position = end + 3;
  }
}

/** Takes out elements that are no text, keeps raw ones aside, and removes the tags of all others. */
function resolveElements(text: string, raw: string[]): string {
  const lower = text.toLowerCase();
  const unclosed = new Set<string>();
  const tag = /<(\/?)([a-z][a-z0-9]*)\b([^<>]*)>/gi;
  let kept = "";
  let position = 0;
  for (let match = tag.exec(text); match; match = tag.exec(text)) {
    const name = (match[2] ?? "").toLowerCase();
    kept += text.slice(position, match.index);
    position = tag.lastIndex;
    const opens = match[1] === "" && !match[3]?.endsWith("/");
    const keepsContent = !(droppedElements.has(name) || rawElements.has(name) || formulaElements.has(name));
    // An element that has no end from here has none further on: looking again and again would take quadratic time.
    const end = !opens || keepsContent || unclosed.has(name) ? -1 : lower.indexOf(`</${name}`, position);
    if (end === -1) {
      if (opens && !keepsContent) unclosed.add(name);
      if (lineBreakElements.has(name)) kept += "\n";
      continue;
    }
    const content = text.slice(position, end);
    const tagEnd = text.indexOf(">", end);
    position = tagEnd === -1 ? text.length : tagEnd + 1;
    tag.lastIndex = position;
    if (droppedElements.has(name)) continue;
    kept += `${rawMark}${raw.length}${rawMark}`;
    raw.push(formulaElements.has(name) ? `$${content.trim()}$` : decodeHTML(content));
  }
  return kept + text.slice(position);
}

/** Headings, lists and rules as plain lines; headings with nothing under them, and surplus blank lines, left out. */
function plainLines(text: string): string {
  const kept: string[] = [];
  // What follows the line at hand: the level of a heading, 0 for text, or nothing yet.
  let following: number | undefined;
  for (const line of text.split("\n").reverse()) {
    const { level, content } = plainLine(line);
    if (content === "") {
      if (kept.length > 0 && kept.at(-1) !== "") kept.push("");
      continue;
    }
    const isBareHeading = level > 0 && (following === undefined || (following > 0 && following <= level));
    if (isBareHeading) continue;
    kept.push(content);
    following = level;
  }
  return kept.reverse().join("\n").trim();
}

function plainLine(line: string): { level: number; content: string } {
  const trimmed = line.trim();
  if (trimmed.startsWith("----")) return { level: 0, content: trimmed.replace(/^-+/, "").trim() };
  let level = 0;
  while (level < 6 && trimmed[level] === "=" && trimmed[trimmed.length - 1 - level] === "=") level += 1;
  if (level > 0 && trimmed.length > 2 * level) return { level, content: trimmed.slice(level, -level).trim() };
  const content = trimmed
    .replace(/^[*#:;]+/, "")
    // What templates leave behind in a sentence: "Ada (; born 1815)", "Ada () was".
    .replace(/\([ \t]*[;,][ \t;,]*/g, "(")
    .replace(/ \([ \t]*\)/g, "")
    .replace(/(\S)[ \t]{2,}/g, "$1 ");
  return { level: 0, content: content.trim() };
}
