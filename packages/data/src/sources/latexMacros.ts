// Commands that a LaTeX source defines for itself, expanded where they are used.
import { matchBraces } from "./latexBraces.ts";

const maxExpansionPasses = 12;
const freeSourceLength = 1 << 18;

/** A text with the places where its groups end. */
interface Groups {
  readonly text: string;
  readonly closes: Int32Array;
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
  const closes = matchBraces(source);
  let text = "";
  let position = 0;
  definition.lastIndex = 0;
  for (let match = definition.exec(source); match; match = definition.exec(source)) {
    const isOperator = match[0].startsWith("\\DeclareMath");
    const parsed = parseDefinition({ text: source, closes }, definition.lastIndex, match[0].startsWith("\\def"));
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
  source: Groups,
  start: number,
  isDef: boolean,
): { name: string; macro: Macro; end: number } | undefined {
  const head = /\{?\s*\\([A-Za-z@]+)\s*\}?\s*/y;
  head.lastIndex = start;
  const name = head.exec(source.text)?.[1];
  if (name === undefined) return undefined;
  const signature = isDef ? /((?:#\d)*)\s*/y : /(?:\[(\d)\]\s*)?(?:\[([^[\]]*)\]\s*)?/y;
  signature.lastIndex = head.lastIndex;
  const [, first = "", optional] = signature.exec(source.text) ?? [];
  const body = readArgument(source, signature.lastIndex);
  if (body === undefined || source.text[signature.lastIndex] !== "{") return undefined;
  const parameters = isDef ? first.length / 2 : Number(first);
  return { name, macro: { parameters, optional, body: body.text }, end: body.end };
}

function expandOnce(text: string, macros: ReadonlyMap<string, Macro>, limit: number): string | undefined {
  const closes = matchBraces(text);
  let expanded = "";
  let position = 0;
  const use = /\\([A-Za-z@]+)/g;
  for (let match = use.exec(text); match; match = use.exec(text)) {
    const macro = macros.get(match[1] ?? "");
    if (macro === undefined || text[match.index - 1] === "\\") continue;
    const parsed = readArguments({ text, closes }, use.lastIndex, macro);
    if (parsed === undefined) continue;
    // Seen before it is made: a long argument in many places would fill the memory.
    const longest = Math.max(0, ...parsed.values.map(({ length }) => length));
    if ((macro.body.split("#").length - 1) * longest > limit) return undefined;
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

function readArguments(source: Groups, start: number, macro: Macro): { values: string[]; end: number } | undefined {
  const values: string[] = [];
  let end = start;
  if (macro.optional !== undefined) {
    const given = /\s*\[([^[\]]*)\]/y;
    given.lastIndex = end;
    const match = given.exec(source.text);
    values.push(match?.[1] ?? macro.optional);
    if (match) end = given.lastIndex;
  }
  while (values.length < macro.parameters) {
    const argument = readArgument(source, end);
    if (argument === undefined) return undefined;
    values.push(argument.text);
    end = argument.end;
  }
  return { values, end };
}

/** A group in braces, a command, or one character. */
function readArgument({ text, closes }: Groups, start: number): { text: string; end: number } | undefined {
  let at = start;
  while (/\s/.test(text[at] ?? "")) at += 1;
  const sign = text[at];
  if (sign === undefined) return undefined;
  if (sign === "\\") {
    const command = /\\(?:[A-Za-z@]+|[\s\S])/y;
    command.lastIndex = at;
    const found = command.exec(text)?.[0] ?? sign;
    return { text: found, end: at + found.length };
  }
  if (sign !== "{") return { text: sign, end: at + 1 };
  const close = closes[at] as number;
  return close < 0 ? undefined : { text: text.slice(at + 1, close), end: close + 1 };
}
