// LaTeX source made one text: comments taken out, files read in where they are named, user-defined commands expanded.

const inputCommand =
  /\\(?:input|include|subfile)\s*(?:\{([^{}]*)\}|([^\s{}\\%]+))|\\(?:sub)?import\*?\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g;
const verbatimStart = /\\begin\s*\{(verbatim\*?|Verbatim|lstlisting|minted|filecontents\*?)\}/g;
const maxInputDepth = 20;
const maxExpansionPasses = 12;
const freeSourceLength = 1 << 20;

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

/** Place of the first `%` that is not escaped; -1 without one. */
function commentStart(line: string): number {
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

interface Macro {
  readonly parameters: number;
  /** Value of the first parameter where it is optional. */
  readonly optional: string | undefined;
  readonly body: string;
}

const definition =
  /\\(?:re)?newcommand\*?\s*|\\providecommand\*?\s*|\\DeclareRobustCommand\*?\s*|\\def\s*(?=\\)|\\DeclareMathOperator(\*?)\s*/g;

/** The text with its own commands expanded (definitions and uses), as far as they do not grow it beyond measure. */
export function expandMacros(source: string): string {
  const { text, macros } = takeDefinitions(source);
  if (macros.size === 0) return text;
  const limit = text.length * 4 + freeSourceLength;
  let expanded = text;
  for (let pass = 0; pass < maxExpansionPasses; pass += 1) {
    const next = expandOnce(expanded, macros, limit);
    if (next === undefined || next === expanded) break;
    expanded = next;
  }
  return expanded;
}

function takeDefinitions(source: string): { text: string; macros: Map<string, Macro> } {
  const macros = new Map<string, Macro>();
  let text = "";
  let position = 0;
  definition.lastIndex = 0;
  for (let match = definition.exec(source); match; match = definition.exec(source)) {
    const isOperator = match[0].startsWith("\\DeclareMath");
    const parsed = parseDefinition(source, definition.lastIndex, match[0].startsWith("\\def"));
    if (parsed === undefined) continue;
    const { name, macro, end } = parsed;
    const body = isOperator ? `\\operatorname${match[1] ?? ""}{${macro.body}}` : macro.body;
    // A command that stands for itself again would grow without end.
    if (!new RegExp(`\\\\${name}(?![A-Za-z])`).test(body)) macros.set(name, { ...macro, body });
    text += source.slice(position, match.index);
    position = end;
    definition.lastIndex = end;
  }
  return { text: text + source.slice(position), macros };
}

function parseDefinition(
  source: string,
  start: number,
  isDef: boolean,
): { name: string; macro: Macro; end: number } | undefined {
  const head = /\{?\s*\\([A-Za-z@]+)\s*\}?\s*/y;
  head.lastIndex = start;
  const name = head.exec(source)?.[1];
  if (name === undefined) return undefined;
  const signature = isDef ? /((?:#\d)*)\s*/y : /(?:\[(\d)\]\s*)?(?:\[([^[\]]*)\]\s*)?/y;
  signature.lastIndex = head.lastIndex;
  const [, first = "", optional] = signature.exec(source) ?? [];
  const body = readArgument(source, signature.lastIndex);
  if (body === undefined || source[signature.lastIndex] !== "{") return undefined;
  const parameters = isDef ? first.length / 2 : Number(first);
  return { name, macro: { parameters, optional, body: body.text }, end: body.end };
}

function expandOnce(text: string, macros: ReadonlyMap<string, Macro>, limit: number): string | undefined {
  let expanded = "";
  let position = 0;
  const use = /\\([A-Za-z@]+)/g;
  for (let match = use.exec(text); match; match = use.exec(text)) {
    const macro = macros.get(match[1] ?? "");
    if (macro === undefined || text[match.index - 1] === "\\") continue;
    const parsed = readArguments(text, use.lastIndex, macro);
    if (parsed === undefined) continue;
    const body = macro.body.replace(/#(\d)/g, (_, place: string) => parsed.values[Number(place) - 1] ?? "");
    // The space that ends a command's name must still end whatever name the body ends in.
    const joins = /\\[A-Za-z@]+$/.test(body) && /[A-Za-z]/.test(text[parsed.end] ?? "");
    expanded += text.slice(position, match.index) + body + (joins ? " " : "");
    position = parsed.end;
    use.lastIndex = parsed.end;
    if (expanded.length > limit) return undefined;
  }
  return expanded + text.slice(position);
}

function readArguments(text: string, start: number, macro: Macro): { values: string[]; end: number } | undefined {
  const values: string[] = [];
  let end = start;
  if (macro.optional !== undefined) {
    const given = /\s*\[([^[\]]*)\]/y;
    given.lastIndex = end;
    const match = given.exec(text);
    values.push(match?.[1] ?? macro.optional);
    if (match) end = given.lastIndex;
  }
  while (values.length < macro.parameters) {
    const argument = readArgument(text, end);
    if (argument === undefined) return undefined;
    values.push(argument.text);
    end = argument.end;
  }
  return { values, end };
}

// What is longer is no argument but an open brace: looking on for its end would take quadratic time.
const maxArgumentLength = 20_000;

/** A group in braces, a command, or one character. */
function readArgument(text: string, start: number): { text: string; end: number } | undefined {
  let at = start;
  while (/\s/.test(text[at] ?? "")) at += 1;
  if (text[at] === undefined) return undefined;
  if (text[at] === "\\") {
    const command = /\\(?:[A-Za-z@]+|[\s\S])/y;
    command.lastIndex = at;
    const found = command.exec(text)?.[0] ?? "\\";
    return { text: found, end: at + found.length };
  }
  if (text[at] !== "{") return { text: text[at] ?? "", end: at + 1 };
  let depth = 0;
  const end = Math.min(text.length, at + maxArgumentLength);
  for (let index = at; index < end; index += 1) {
    const sign = text[index];
    if (sign === "\\") index += 1;
    else if (sign === "{") depth += 1;
    else if (sign === "}") {
      depth -= 1;
      if (depth === 0) return { text: text.slice(at + 1, index), end: index + 1 };
    }
  }
  return undefined;
}
