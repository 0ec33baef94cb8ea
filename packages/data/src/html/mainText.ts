// The main text of a web page, without menus, banners and lists of links: blocks are judged by their length and the share of links in
// them (Kohlschütter et al. 2010), and kept inside the element that holds the good ones.
import type { Element } from "domhandler";
import type { Document, Step } from "../document.ts";
import { parsePage } from "./parsePage.ts";
import { type TextBlock, textBlocks } from "./textBlocks.ts";

/** Options of `mainText` and `extractMainText`. */
export interface MainTextOptions {
  /** Shortest text of a page that is kept, in characters other than white space. Default 25. */
  readonly minLength?: number;
}

/** Shortest block that is main text by itself, in characters other than white space; letters of scripts that write words in few of them count threefold. */
const longBlock = 60;
const maxLinkShare = 0.5;
/** Share of the good text that the element around the main text must hold. */
const containerShare = 0.85;
/** Blocks between a heading or a short block and the good one that keeps it. */
const reach = 3;
/** Blocks between the main heading of a page and its text. */
const titleReach = 10;
const denseLetter = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu;

/**
 * The main text of a page, empty where there is none: paragraphs apart, headings with `#`, list items with `-` or their number,
 * code between fences, tables of data with bars.
 *
 * @example
 * mainText("<nav><a href=/>Home</a></nav><h1>Rain</h1><p>It rained all day, and the river rose by a foot.</p>");
 * // "# Rain\n\nIt rained all day, and the river rose by a foot."
 */
export function mainText(html: string, options: MainTextOptions = {}): string {
  const page = parsePage(html);
  const blocks = textBlocks(page);
  const kept = keptBlocks(blocks);
  const length = kept.reduce((sum, block) => sum + block.length, 0);
  return length < (options.minLength ?? 25) ? "" : joined(kept);
}

/**
 * The step that replaces each HTML page by its main text and drops pages without one (reason `no main text`). Documents whose
 * `metadata.contentType` is that of another kind of text pass unchanged.
 */
export function extractMainText(options: MainTextOptions = {}): Step {
  return {
    name: "extractMainText",
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      for await (const document of documents) {
        const type = document.metadata?.contentType;
        if (typeof type === "string" && !/html/i.test(type)) yield document;
        else {
          const text = mainText(document.text, options);
          if (text === "") await drop(document, "no main text");
          else yield { ...document, text };
        }
      }
    },
  };
}

function keptBlocks(blocks: readonly TextBlock[]): TextBlock[] {
  const good = blocks.map((block) => isGood(block));
  if (!good.includes(true)) return blocks.filter((block) => linkShare(block) < maxLinkShare);
  const container = containerOf(blocks.filter((_, i) => good[i]));
  const inside = blocks.map(({ path }) => container === undefined || path.includes(container));
  const kept = blocks.map((block, i) => inside[i]! && (good[i]! || isKeptByNeighbours(block, i, blocks, good, inside)));
  const title = titleBefore(kept.indexOf(true), blocks);
  return blocks.filter((_, i) => kept[i] || i === title);
}

/** The page's main heading, where it stands a little before the text and outside of the element that holds it. */
function titleBefore(first: number, blocks: readonly TextBlock[]): number {
  const isTitle = ({ kind, text }: TextBlock) => kind === "heading" && text.startsWith("# ");
  for (let i = first; i >= 0 && i > first - titleReach; i--) if (isTitle(blocks[i]!)) return i;
  return -1;
}

function isGood(block: TextBlock): boolean {
  if (block.kind === "heading" || linkShare(block) >= maxLinkShare) return false;
  return weightOf(block) >= longBlock;
}

function weightOf({ text, length }: TextBlock): number {
  return length + 2 * (text.match(denseLetter)?.length ?? 0);
}

function linkShare({ length, linkLength }: TextBlock): number {
  return length === 0 ? 1 : linkLength / length;
}

/** The innermost element that holds nearly all of the good text. */
function containerOf(good: readonly TextBlock[]): Element | undefined {
  const weights = new Map<Element, number>();
  let total = 0;
  for (const block of good) {
    total += weightOf(block);
    for (const element of block.path) weights.set(element, (weights.get(element) ?? 0) + weightOf(block));
  }
  let container: Element | undefined;
  // Elements are met outermost first, so that the last one that holds enough is the innermost.
  for (const [element, weight] of weights) if (weight >= total * containerShare) container = element;
  return container;
}

/** Headings stay before good blocks; short texts, items, code and tables stay near them. */
function isKeptByNeighbours(
  block: TextBlock,
  place: number,
  blocks: readonly TextBlock[],
  good: readonly boolean[],
  inside: readonly boolean[],
): boolean {
  if (linkShare(block) >= maxLinkShare && block.kind !== "heading") return false;
  const isContent = (i: number) =>
    inside[i] && (good[i] || (blocks[i]!.kind !== "heading" && blocks[i]!.kind !== "paragraph"));
  for (let i = place + 1; i <= place + reach && i < blocks.length; i++) if (isContent(i)) return true;
  if (block.kind === "heading") return false;
  if (block.kind !== "paragraph") return true;
  for (let i = place - 1; i >= place - reach && i >= 0; i--) if (isContent(i)) return true;
  return false;
}

function joined(blocks: readonly TextBlock[]): string {
  let text = "";
  for (const [i, block] of blocks.entries()) {
    const before = blocks[i - 1];
    if (before) text += before.kind === "item" && block.kind === "item" ? "\n" : "\n\n";
    text += block.text;
  }
  return text;
}
