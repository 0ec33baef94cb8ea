// Tables of data as lines of cells. Tables that only lay out a page are told from them and left to be read block by block.
import { type AnyNode, type Element, isTag, isText } from "domhandler";
import { isBoilerplateElement } from "./boilerplateElements.ts";

const layoutTags = new Set("table form h1 h2 h3 h4 h5 h6 hr article section nav ul ol".split(" "));
const maxCellLength = 300;

/**
 * The rows of a table, cells between bars, or undefined for a table of one column or with headings, lists, other tables or
 * long texts in its cells.
 */
export function tableText(table: Element): string | undefined {
  const rows = rowsOf(table);
  const cells = rows.map((row) => elementsOf(row).filter(({ name }) => name === "td" || name === "th"));
  if (Math.max(0, ...cells.map((row) => row.length)) < 2) return undefined;
  if (cells.flat().some((cell) => contains(cell, layoutTags))) return undefined;
  const texts = cells.map((row) => row.map(cellText)).filter((row) => row.some((text) => text !== ""));
  if (texts.flat().some((text) => text.length > maxCellLength)) return undefined;
  return texts.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function rowsOf(table: Element): Element[] {
  return elementsOf(table).flatMap((child) => {
    if (child.name === "tr") return [child];
    return ["thead", "tbody", "tfoot"].includes(child.name)
      ? elementsOf(child).filter(({ name }) => name === "tr")
      : [];
  });
}

function elementsOf(node: Element): Element[] {
  return node.children.filter(isTag);
}

function contains(element: Element, tags: ReadonlySet<string>): boolean {
  return elementsOf(element).some((child) => tags.has(child.name) || contains(child, tags));
}

function cellText(cell: AnyNode): string {
  return rawText(cell).replace(/\s+/g, " ").replaceAll("|", "\\|").trim();
}

function rawText(node: AnyNode): string {
  if (isText(node)) return node.data;
  if (isTag(node) && isBoilerplateElement(node)) return "";
  if (isTag(node) && node.name === "br") return " ";
  return "children" in node ? node.children.map(rawText).join("") : "";
}
