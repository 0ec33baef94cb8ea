// Repairs text as ftfy's fix_text does, with its defaults: mojibake, HTML entities in plain text, ligatures, full-width letters, curly
// quotes, line ends, control characters, Unicode normalisation.
import { decodeHTML, decodeHTMLStrict } from "entities";
import type { Step } from "../document.ts";
import { fixEncoding, fixUpperControls } from "./fixEncoding.ts";
import { textStep } from "./textStep.ts";

/** Options of `repairText` and `repairUnicode`; each is on unless said. */
export interface RepairOptions {
  /** Turns `&eacute;` into é. Default `"auto"`: until a line has a `<`, which shows that the text is HTML. */
  readonly unescapeHtml?: boolean | "auto";
  /** Undoes mojibake. */
  readonly fixEncoding?: boolean;
  /** Takes C1 control characters for those of Windows-1252. */
  readonly fixUpperControls?: boolean;
  /** Turns ﬁ into fi, and other ligatures and digraphs of Latin letters. */
  readonly fixLigatures?: boolean;
  /** Turns full-width Latin and half-width kana and Hangul into the usual ones. */
  readonly fixWidth?: boolean;
  /** Turns curly quotes into straight ones. */
  readonly straightenQuotes?: boolean;
  /** Ends lines with `\n`. */
  readonly fixLineEnds?: boolean;
  /** Removes the colours and moves of terminals. */
  readonly removeTerminalEscapes?: boolean;
  /** Removes control characters, byte order marks, deprecated and annotation marks. */
  readonly removeControls?: boolean;
  /** Unicode normalisation form (UAX #15), or false. Default `"NFC"`. */
  readonly normalization?: "NFC" | "NFD" | "NFKC" | "NFKD" | false;
}

const defaults: Required<RepairOptions> = {
  unescapeHtml: "auto",
  fixEncoding: true,
  fixUpperControls: true,
  fixLigatures: true,
  fixWidth: true,
  straightenQuotes: true,
  fixLineEnds: true,
  removeTerminalEscapes: true,
  removeControls: true,
  normalization: "NFC",
};

/** Longest piece that is repaired at once, in UTF-16 code units, where lines are longer. */
const maxPieceLength = 1_000_000;

const ligatures: Readonly<Record<string, string>> = {
  ...{ Ĳ: "IJ", ĳ: "ij", ŉ: "ʼn", Ǳ: "DZ", ǲ: "Dz", ǳ: "dz", Ǆ: "DŽ", ǅ: "Dž", ǆ: "dž", Ǉ: "LJ", ǈ: "Lj" },
  ...{ ǉ: "lj", Ǌ: "NJ", ǋ: "Nj", ǌ: "nj", ﬀ: "ff", ﬁ: "fi", ﬂ: "fl", ﬃ: "ffi", ﬄ: "ffl", ﬅ: "ſt", ﬆ: "st" },
};
const ligature = new RegExp(`[${Object.keys(ligatures).join("")}]`, "g");
const otherWidth = /[\u3000\uff01-\uffef]/g;
const doubleQuote = /[\u201c-\u201f]/g;
const singleQuote = /[\u02bc\u2018-\u201b]/g;
const lineEnd = /\r\n|[\r\u2028\u2029\u0085]/g;
const loneSurrogate = /\p{Surrogate}/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals take these after an escape character.
const terminalEscape = /\x1b\[[\p{Nd};]*[a-zA-Z]/gu;
const control =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing control characters is the point.
  /[\0-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g;
const entity = /&#?[0-9A-Za-z]{1,24};/g;
// Text of these characters alone is left as it is, whatever the options.
const needsNothing = /^[\t\n\x20-%'-\x7e]*$/;

/**
 * The text repaired line by line, equal to `ftfy.fix_text` with the defaults.
 *
 * @example
 * repairText("The Mona Lisa doesnÃ¢â‚¬â„¢t have eyebrows."); // "The Mona Lisa doesn't have eyebrows."
 */
export function repairText(text: string, options: RepairOptions = {}): string {
  if (needsNothing.test(text)) return text;
  const rules = { ...defaults, ...options };
  const repaired: string[] = [];
  for (const piece of piecesOf(text)) {
    if (rules.unescapeHtml === "auto" && piece.includes("<")) rules.unescapeHtml = false;
    repaired.push(needsNothing.test(piece) ? piece : repairPiece(piece, rules));
  }
  return repaired.join("");
}

/**
 * The step that applies `repairText` to each document. Curly quotes become straight, as in ftfy; `straightenQuotes: false`
 * leaves them.
 */
export function repairUnicode(options: RepairOptions = {}): Step {
  return textStep("repairUnicode", (text) => repairText(text, options));
}

/** Lines with their ends, the longest ones cut. */
function* piecesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const lineFeed = text.indexOf("\n", start);
    let end = Math.min(lineFeed < 0 ? text.length : lineFeed + 1, start + maxPieceLength);
    const isPairCut = end < text.length && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800;
    if (isPairCut) end += 1;
    yield text.slice(start, end);
    start = end;
  }
}

/** Repairs again and again, since one repair may lay bare what another one mends. */
function repairPiece(piece: string, rules: Required<RepairOptions>): string {
  let text = piece;
  for (;;) {
    const before = text;
    if (rules.unescapeHtml) text = text.replace(entity, unescapeEntity);
    if (rules.fixEncoding) text = fixEncoding(text);
    if (rules.fixUpperControls) text = fixUpperControls(text);
    if (rules.fixLigatures) text = text.replace(ligature, (letter) => ligatures[letter]!);
    if (rules.fixWidth) text = text.replace(otherWidth, (c) => (c === "\u3000" ? " " : c.normalize("NFKC")));
    if (rules.straightenQuotes) text = text.replace(doubleQuote, '"').replace(singleQuote, "'");
    if (rules.fixLineEnds) text = text.replace(lineEnd, "\n");
    text = text.replace(loneSurrogate, "\ufffd");
    if (rules.removeTerminalEscapes) text = text.replace(terminalEscape, "");
    if (rules.removeControls) text = text.replace(control, "");
    if (rules.normalization !== false) text = text.normalize(rules.normalization);
    if (text === before) return text;
  }
}

function unescapeEntity(escaped: string): string {
  if (escaped.startsWith("&#")) return unescapeNumber(escaped);
  const decoded = decodeHTMLStrict(escaped);
  if (decoded !== escaped) return decoded;
  // Names in capitals, such as `&EACUTE;`, unless they begin with one that HTML knows without a semicolon.
  if (escaped !== escaped.toUpperCase() || decodeHTML(escaped) !== escaped) return escaped;
  const lower = decodeHTMLStrict(escaped.toLowerCase());
  return lower === escaped.toLowerCase() ? escaped : lower.toUpperCase();
}

/** The character of a numeric reference, as the HTML standard reads it; nothing for those that stand for no character. */
function unescapeNumber(escaped: string): string {
  const match = /^&#(?:(\d+)|[xX]([0-9a-fA-F]+));$/.exec(escaped);
  if (!match) return escaped;
  const code = match[1] === undefined ? Number.parseInt(match[2]!, 16) : Number(match[1]);
  if (code >= 0x80 && code <= 0x9f) return fixUpperControls(String.fromCharCode(code));
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return "\ufffd";
  const isControl = (code < 0x20 && ![9, 10, 12, 13].includes(code)) || code === 0x7f;
  const isNonCharacter = (code & 0xfffe) === 0xfffe || (code >= 0xfdd0 && code <= 0xfdef);
  return isControl || isNonCharacter ? "" : String.fromCodePoint(code);
}
