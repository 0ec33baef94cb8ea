// The nested parts of wikitext, each in one pass: templates and tables taken out, links replaced by their labels.

// A caption holds links, rarely files with captions of their own: what goes deeper is damage or malice.
const maxLinkDepth = 50;

/** Takes out `{{…}}` and `{{{…}}}` with all that is in them; of one that is never closed only the braces go. */
export function removeTemplates(text: string): string {
  const open: number[] = [];
  const ranges: { start: number; end: number }[] = [];
  const braces = /\{\{+|\}\}+/g;
  for (let match = braces.exec(text); match; match = braces.exec(text)) {
    // Runs are taken two by two, so that "{{{{a}}}}" is two levels and "{{{a}}}" leaves one brace inside.
    for (let offset = 0; offset + 1 < match[0].length; offset += 2) {
      const at = match.index + offset;
      if (match[0].startsWith("{")) open.push(at);
      else {
        const start = open.pop();
        if (start !== undefined) addRange(ranges, start, at + 2);
      }
    }
  }
  return withoutRanges(text, ranges).replace(/\{\{+|\}\}+/g, "");
}

// Inner ranges end before outer ones, so those within a new range are the last ones of the list.
function addRange(ranges: { start: number; end: number }[], start: number, end: number): void {
  while (ranges.length > 0 && (ranges.at(-1)?.start ?? 0) > start) ranges.pop();
  ranges.push({ start, end });
}

function withoutRanges(text: string, ranges: readonly { start: number; end: number }[]): string {
  let kept = "";
  let position = 0;
  for (const { start, end } of ranges) {
    kept += text.slice(position, start);
    position = end;
    // A third brace belongs to a parameter "{{{…}}}".
    if (text[position] === "}") position += 1;
    if (kept.endsWith("{")) kept = kept.slice(0, -1);
  }
  return kept + text.slice(position);
}

/** Takes out tables: from a line that starts with `{|` to the line that starts with `|}`. */
export function removeTables(text: string): string {
  if (!text.includes("{|")) return text;
  const kept: string[] = [];
  // For each table that is open, the number of lines kept before it.
  const open: number[] = [];
  for (const line of text.split("\n")) {
    const start = line.trimStart().replace(/^:+\s*/, "");
    if (start.startsWith("{|")) open.push(kept.length);
    if (open.length > 0 && start.startsWith("|}")) {
      kept.length = open.pop() ?? kept.length;
      kept.push(start.slice(2));
    } else kept.push(line);
  }
  // A table that is never closed: its cells are text, its mark-up is not.
  if (open.length === 0) return kept.join("\n");
  const from = open[0] ?? 0;
  return kept
    .map((line, index) => (index < from ? line : line.trimStart().replace(/^:*\s*(?:\{\|.*|\|[-+}].*|[|!])/, "")))
    .join("\n");
}

/** Replaces `[[target|label]]` by its label; links to hidden namespaces (files with their captions) and to other languages go. */
export function resolveLinks(text: string, hiddenNamespaces: ReadonlySet<string>): string {
  const stack: string[] = [];
  let current = "";
  let position = 0;
  const brackets = /\[\[|\]\]/g;
  for (let match = brackets.exec(text); match; match = brackets.exec(text)) {
    current += text.slice(position, match.index);
    position = brackets.lastIndex;
    if (match[0] === "[[") {
      if (stack.length >= maxLinkDepth) continue;
      stack.push(current);
      current = "";
      continue;
    }
    const outer = stack.pop();
    current = outer === undefined ? `${current}]]` : outer + linkText(current, hiddenNamespaces);
  }
  current += text.slice(position);
  while (stack.length > 0) current = (stack.pop() ?? "") + current;
  return current;
}

function linkText(link: string, hiddenNamespaces: ReadonlySet<string>): string {
  const bar = link.indexOf("|");
  const target = (bar === -1 ? link : link.slice(0, bar)).trim();
  const label = bar === -1 ? "" : link.slice(bar + 1).trim();
  const colon = target.indexOf(":");
  const prefix = colon === -1 ? "" : target.slice(0, colon).trim();
  if (hiddenNamespaces.has(prefix.toLowerCase().replaceAll("_", " "))) return "";
  const isOtherLanguage = label === "" && /^(?:[a-z]{2,3}(?:-[a-z]+)*|simple)$/.test(prefix);
  if (isOtherLanguage) return "";
  return label || target.replace(/^:/, "");
}
