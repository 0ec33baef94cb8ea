// Brings texts that say the same to the same form before near-duplicates are looked for.
import { comparedPunctuation } from "./punctuationMarks.ts";
import { isWhiteSpace, strip } from "./textScan.ts";

const number = /\p{Nd}+(?:[.,،٫⎖⎗⎘]\p{Nd}+)?/gu;
const combiningMark = /\p{Mn}/gu;
const nonAscii = /[^\0-\x7f]/;

// By UTF-16 code unit: 1 for white space and punctuation, all of which lie in the Basic Multilingual Plane.
const separates = new Uint8Array(0x10000);
for (let code = 0; code < 0x10000; code++)
  separates[code] = isWhiteSpace(code) || comparedPunctuation.has(code) ? 1 : 0;

/**
 * The text in lower case, with `0` for each number, without punctuation and diacritics, words one space apart: what
 * datatrove's `simplify_text` gives by default.
 */
export function simplifyText(text: string): string {
  const lower = text.toLowerCase().replace(number, "0");
  // Runs of words that are one space apart already, so that fewer pieces are cut.
  const runs: string[] = [];
  for (let i = 0; i < lower.length; ) {
    while (i < lower.length && separates[lower.charCodeAt(i)] === 1) i += 1;
    const start = i;
    for (;;) {
      while (i < lower.length && separates[lower.charCodeAt(i)] === 0) i += 1;
      if (lower.charCodeAt(i) !== 0x20 || separates[lower.charCodeAt(i + 1)] !== 0) break;
      i += 1;
    }
    if (i > start) runs.push(lower.slice(start, i));
  }
  const joined = runs.join(" ");
  return nonAscii.test(joined) ? strip(joined.normalize("NFD").replace(combiningMark, "")) : joined;
}
