// Brings text to one form: Unicode normalisation, line ends, control characters, white space at line ends, blank lines.
import type { Document, Step } from "./document.ts";

/** Options of `normalize` and `normalizeText`. */
export interface NormalizeOptions {
  /** Unicode normalisation form (UAX #15), or false to leave characters as they are. Default `"NFC"`. */
  readonly unicode?: "NFC" | "NFKC" | false;
  /** Blank lines kept where several follow each other. Default 1. */
  readonly maxBlankLines?: number;
}

// The Unicode Standard, section 5.8: CR LF, CR, NEL, LS and PS all end a line; VT and FF do so in plain text.
const lineEnds = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
// Controls other than tab and line feed, and U+FEFF, which is a byte order mark left inside by joining files.
// biome-ignore lint/suspicious/noControlCharactersInRegex: removing control characters is the point.
const controls = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ufeff]/g;
// Half of a surrogate pair has no UTF-8 form.
const loneSurrogates = /\p{Surrogate}/gu;

/**
 * The text in one form: NFC, lines ended by `\n`, no control characters, lone surrogates as U+FFFD, no white space at
 * line ends, no more than `maxBlankLines` blank lines in a row, none at the start or end. Applying it twice changes
 * nothing more.
 *
 * @example
 * normalizeText("Cafe\u0301 \r\n\r\n\r\n\r\nnoir\u0000"); // "Café\n\nnoir"
 */
export function normalizeText(text: string, options: NormalizeOptions = {}): string {
  const form = options.unicode ?? "NFC";
  const plain = text.replace(lineEnds, "\n").replace(controls, "").replace(loneSurrogates, "\ufffd");
  return tidyLines(form === false ? plain : plain.normalize(form), options.maxBlankLines ?? 1);
}

/** The step that applies `normalizeText` to each document and drops those left empty (reason `"empty"`). */
export function normalize(options: NormalizeOptions = {}): Step {
  return {
    name: "normalize",
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      for await (const document of documents) {
        const text = normalizeText(document.text, options);
        if (text === "") await drop(document, "empty");
        else yield text === document.text ? document : { ...document, text };
      }
    },
  };
}

// Line by line: a regular expression for white space before a line end takes quadratic time on a long run of spaces.
function tidyLines(text: string, maxBlankLines: number): string {
  const kept: string[] = [];
  let blankLines = 0;
  for (const line of text.split("\n")) {
    const trimmed = line.trimEnd();
    if (trimmed === "") {
      blankLines += 1;
      continue;
    }
    if (kept.length > 0) for (let i = 0; i < Math.min(blankLines, maxBlankLines); i++) kept.push("");
    blankLines = 0;
    kept.push(trimmed);
  }
  return kept.join("\n");
}
