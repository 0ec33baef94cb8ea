// A page's elements as a flat list of blocks of text, each with what decides whether it is main text: its length, how much of it is
// links, and where it stands.
import { type AnyNode, type Element, isTag, isText } from "domhandler";
import { boilerplateName, doubtfulLength, isBoilerplateElement } from "./boilerplateElements.ts";
import { tableText } from "./tableText.ts";

/** What a block is, which decides how it is written. */
export type BlockKind = "paragraph" | "heading" | "item" | "code" | "table" | "quote";

/** A run of text that a page sets apart. */
export interface TextBlock {
  readonly kind: BlockKind;
  /** As it is written: a heading with its `#`, an item with its mark. */
  readonly text: string;
  /** Characters other than white space, and how many of them are in links. */
  readonly length: number;
  readonly linkLength: number;
  /** The elements around the block, outermost first. */
  readonly path: readonly Element[];
}

const blockTags = new Set(
  [
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3",
    "h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section summary table tbody td tfoot th thead tr ul",
  ]
    .join(" ")
    .split(" "),
);
const headingLevel = /^h([1-6])$/;
/** Elements nested deeper are left out with what they hold, so that no page overflows the stack. */
const maxDepth = 400;

interface Inline {
  text: string;
  linkLength: number;
}

/** The blocks of a page in order. Takes out of the page's tree what is nested too deep. */
export function textBlocks(root: AnyNode): TextBlock[] {
  limitDepth(root);
  const collector = new BlockCollector(inkLength(root));
  collector.visit(root, []);
  return collector.blocks;
}

function limitDepth(root: AnyNode): void {
  const open = [{ node: root, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, depth } = next;
    if (!("children" in node)) continue;
    if (depth >= maxDepth) node.children = [];
    for (const child of node.children) open.push({ node: child, depth: depth + 1 });
  }
}

/** Characters of text below a node, white space and what is never shown left out. */
function inkLength(node: AnyNode): number {
  let length = 0;
  const open: AnyNode[] = [node];
  for (let next = open.pop(); next; next = open.pop()) {
    if (isText(next)) length += next.data.replace(/\s+/g, "").length;
    else if ("children" in next && !(isTag(next) && isBoilerplateElement(next))) {
      for (const child of next.children) open.push(child);
    }
  }
  return length;
}

class BlockCollector {
  readonly blocks: TextBlock[] = [];
  /** Length of the page's text: what holds most of it is never boilerplate. */
  readonly #totalLength: number;
  /** Places of list items in their lists, from 1. */
  readonly #itemNumbers = new Map<Element, number>();
  /** List items of which a block has been written. */
  readonly #begunItems = new Set<Element>();
  #inline: Inline = { text: "", linkLength: 0 };

  constructor(totalLength: number) {
    this.#totalLength = totalLength;
  }

  visit(node: AnyNode, path: readonly Element[]): void {
    if (isText(node)) this.#inline.text += node.data;
    else if (isTag(node)) this.#visitElement(node, path);
    else if ("children" in node) for (const child of node.children) this.visit(child, path);
    if (path.length === 0) this.#flush("paragraph", path);
  }

  #visitElement(element: Element, path: readonly Element[]): void {
    if (this.#isLeftOut(element)) return;
    const { name } = element;
    if (name === "br") this.#inline.text += "\v";
    else if (name === "pre") this.#visitCode(element, path);
    else if (name === "table" && this.#visitTable(element, path)) return;
    else if (blockTags.has(name)) this.#visitBlock(element, path);
    else {
      const before = inkOf(this.#inline.text);
      for (const child of element.children) this.visit(child, [...path, element]);
      if (name === "a" && "href" in element.attribs)
        this.#inline.linkLength += Math.max(0, inkOf(this.#inline.text) - before);
    }
  }

  #visitBlock(element: Element, path: readonly Element[]): void {
    this.#flush(kindOf(path), path);
    if (element.name === "ol") this.#numberItems(element);
    const inside = [...path, element];
    for (const child of element.children) this.visit(child, inside);
    this.#flush(kindOf(inside), inside);
  }

  #visitCode(element: Element, path: readonly Element[]): void {
    this.#flush(kindOf(path), path);
    const text = textOf(element).replace(/^\n/, "").trimEnd();
    if (text.trim() === "") return;
    this.#push("code", `\`\`\`\n${text}\n\`\`\``, { text, linkLength: 0 }, [...path, element]);
  }

  /** Writes a table of data as one block; false for one that only lays out the page. */
  #visitTable(element: Element, path: readonly Element[]): boolean {
    const text = tableText(element);
    if (text === undefined) return false;
    this.#flush(kindOf(path), path);
    if (text !== "") this.#push("table", text, { text, linkLength: linkLengthOf(element) }, [...path, element]);
    return true;
  }

  #isLeftOut(element: Element): boolean {
    if (isBoilerplateElement(element)) return true;
    const name = boilerplateName(element);
    if (name === undefined) return false;
    return inkLength(element) < (name === "sure" ? this.#totalLength / 2 : doubtfulLength);
  }

  #flush(kind: BlockKind, path: readonly Element[]): void {
    const { text, linkLength } = this.#inline;
    this.#inline = { text: "", linkLength: 0 };
    const tidy = text
      .replace(/[^\S\v\u3000]+/g, " ")
      .replace(/[ \u3000]*\v[ \u3000]*/g, "\n")
      .replace(/\n{3,}/g, "\n\n")
      .trim();
    if (tidy !== "") this.#push(kind, this.#written(kind, tidy, path), { text: tidy, linkLength }, path);
  }

  #numberItems(list: Element): void {
    let number = 0;
    for (const child of list.children) if (isTag(child) && child.name === "li") this.#itemNumbers.set(child, ++number);
  }

  #written(kind: BlockKind, text: string, path: readonly Element[]): string {
    if (kind === "heading") {
      const level = path.findLast(({ name }) => headingLevel.test(name))!.name.slice(1);
      return `${"#".repeat(Number(level))} ${text.replace(/\s+/g, " ")}`;
    }
    if (kind === "quote") return text.replace(/^/gm, "> ");
    if (kind !== "item") return text;
    // An item with its mark, indented below the items around it; the mark stands before the first of its paragraphs.
    const depth = path.filter(({ name }) => name === "ul" || name === "ol").length;
    const item = path.findLast(({ name }) => name === "li")!;
    const number = this.#itemNumbers.get(item);
    const mark = this.#begunItems.has(item) ? "  " : number === undefined ? "- " : `${number}. `;
    this.#begunItems.add(item);
    return "  ".repeat(Math.max(0, depth - 1)) + mark + text.replace(/\s*\n\s*/g, " ");
  }

  #push(kind: BlockKind, text: string, inline: Inline, path: readonly Element[]): void {
    this.blocks.push({ kind, text, length: inkOf(inline.text), linkLength: inline.linkLength, path });
  }
}

function kindOf(path: readonly Element[]): BlockKind {
  for (let i = path.length - 1; i >= 0; i--) {
    const { name } = path[i]!;
    if (headingLevel.test(name)) return "heading";
    if (name === "li") return "item";
    if (name === "blockquote") return "quote";
  }
  return "paragraph";
}

function textOf(node: AnyNode): string {
  if (isText(node)) return node.data;
  if (isTag(node) && node.name === "br") return "\n";
  return "children" in node ? node.children.map(textOf).join("") : "";
}

function linkLengthOf(node: AnyNode): number {
  if (isTag(node) && node.name === "a" && "href" in node.attribs) return inkOf(textOf(node));
  return "children" in node ? node.children.reduce((sum, child) => sum + linkLengthOf(child), 0) : 0;
}

function inkOf(text: string): number {
  return text.replace(/\s+/g, "").length;
}
