// LaTeX source made one text: comments taken out, files read in where they are named.

const inputCommand =
  /\\(?:input|include|subfile)\s*(?:\{([^{}]*)\}|([^\s{}\\%]+))|\\(?:sub)?import\*?\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g;
const verbatimStart = /\\begin\s*\{(verbatim\*?|Verbatim|lstlisting|minted|filecontents\*?)\}/g;
const maxInputDepth = 20;

/** Finds the text of a file by the name that an `\input` gives, without or with its `.tex`. */
export type FindInput = (name: string) => string | undefined;

/**
 * The text without comments: from an unescaped `%` to the line's end, which goes with the white space that begins the
 * next line. In verbatim environments a `%` is text.
 */
export function removeComments(source: string): string {
  const text = source.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
  let kept = "";
  let position = 0;
  verbatimStart.lastIndex = 0;
  for (let match = verbatimStart.exec(text); match; match = verbatimStart.exec(text)) {
    if (isCommented(text, match.index)) continue;
    const end = text.indexOf(`\\end{${match[1]}}`, match.index);
    // Without an end nothing more of the text is verbatim, nor of what follows.
    if (end === -1) break;
    kept += withoutComments(text.slice(position, match.index)) + text.slice(match.index, end);
    position = end;
    verbatimStart.lastIndex = end;
  }
  return kept + withoutComments(text.slice(position));
}

// Longer lines are not written by people: looking back over them again and again would take quadratic time.
const lineLookBack = 2000;

function isCommented(text: string, at: number): boolean {
  const line = text.slice(Math.max(at - lineLookBack, 0), at);
  return commentStart(line.slice(line.lastIndexOf("\n") + 1)) !== -1;
}

const inlineCode = /\\verb\*?([^A-Za-z\s*]).{0,300}?\1/g;

/** Place of the first `%` that is neither escaped nor code; -1 without one. */
function commentStart(source: string): number {
  const line = source.includes("\\verb") ? source.replace(inlineCode, (code) => "x".repeat(code.length)) : source;
  for (let at = line.indexOf("%"); at !== -1; at = line.indexOf("%", at + 1)) {
    let slashes = 0;
    while (line[at - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}

function withoutComments(text: string): string {
  const kept: string[] = [];
  let joins = false;
  for (const line of text.split("\n")) {
    const comment = commentStart(line);
    const content = comment === -1 ? line : line.slice(0, comment);
    const isBlankLine = comment === -1 && content.trim() === "";
    if (joins && !isBlankLine) kept[kept.length - 1] += content.trimStart();
    else kept.push(content);
    // A line that is only a comment vanishes whole; a blank line after it still ends the paragraph.
    joins = comment !== -1;
  }
  return kept.join("\n");
}

/** The text with named files read in; those that are not found are left out, circles are cut. */
export function resolveInputs(source: string, find: FindInput, limit: number): string {
  let left = limit;
  const resolve = (text: string, open: readonly string[]): string =>
    text.replace(inputCommand, (_, braced?: string, bare?: string, folder?: string, file?: string) => {
      const name = (braced ?? bare ?? `${folder ?? ""}${file ?? ""}`).trim();
      const content = open.includes(name) || open.length >= maxInputDepth ? undefined : find(name);
      if (content === undefined || content.length > left) return "";
      left -= content.length;
      return resolve(removeComments(content), [...open, name]);
    });
  return resolve(source, []);
}
