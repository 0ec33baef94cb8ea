// Finds the examples in Markdown: every fenced `ts` block is a program that runs, unless its info string says `no-run`.

export interface Snippet {
  /** Path of the Markdown file relative to the repository. */
  readonly path: string;
  /** Line of the opening fence, counted from 1. */
  readonly line: number;
  readonly code: string;
  /** False for a block opened with ` ```ts no-run `: it waits for something outside, and is only type-checked. */
  readonly runs: boolean;
}

/** Every fenced block whose language is `ts` or `typescript`, in order. Throws when a block is not closed. */
export function snippetsIn(path: string, markdown: string): Snippet[] {
  const snippets: Snippet[] = [];
  let open: { fence: string; line: number; info: string[]; code: string[] } | undefined;
  for (const [index, text] of markdown.split(/\r?\n/).entries()) {
    if (open) {
      if (text.trim().startsWith(open.fence) && text.trim().replaceAll(open.fence[0]!, "") === "") {
        const [language, ...words] = open.info;
        if (language === "ts" || language === "typescript") {
          snippets.push({ path, line: open.line, code: `${open.code.join("\n")}\n`, runs: !words.includes("no-run") });
        }
        open = undefined;
      } else {
        open.code.push(text);
      }
      continue;
    }
    const opening = /^\s*(`{3,}|~{3,})\s*(.*)$/.exec(text);
    if (opening) open = { fence: opening[1]!, line: index + 1, info: opening[2]!.trim().split(/\s+/), code: [] };
  }
  if (open) throw new Error(`${path}:${open.line}: the block is not closed (end it with ${open.fence})`);
  return snippets;
}
