// White space, lines and lengths as Unicode text tools count them (and Python does): in code points, with U+001C to U+001F and
// NEL as white space and line ends where JavaScript's own functions differ.

/** Whether a UTF-16 code unit is white space: JavaScript's set, without U+FEFF, with U+001C to U+001F and U+0085. */
export function isWhiteSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 9 && code <= 13) || (code >= 0x1c && code <= 0x1f);
  if (code < 0x1680) return code === 0x85 || code === 0xa0;
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** The place of the first character that is not white space, or the length. */
export function firstInk(text: string): number {
  let start = 0;
  while (start < text.length && isWhiteSpace(text.charCodeAt(start))) start += 1;
  return start;
}

/** One past the last character that is not white space, or 0. */
export function inkEnd(text: string): number {
  let end = text.length;
  while (end > 0 && isWhiteSpace(text.charCodeAt(end - 1))) end -= 1;
  return end;
}

/** The text without white space at its ends. */
export function strip(text: string): string {
  const start = firstInk(text);
  return start === text.length ? "" : text.slice(start, inkEnd(text));
}

/** The runs of characters between white space. */
export function splitAtWhiteSpace(text: string): string[] {
  const pieces: string[] = [];
  let start = -1;
  for (let i = 0; i < text.length; i++) {
    if (isWhiteSpace(text.charCodeAt(i))) {
      if (start >= 0) pieces.push(text.slice(start, i));
      start = -1;
    } else if (start < 0) start = i;
  }
  if (start >= 0) pieces.push(text.slice(start));
  return pieces;
}

/** The lines without their ends; an end at the very end of the text begins no further line. */
export function splitLines(text: string): string[] {
  const lines: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isLineEnd(code)) continue;
    lines.push(text.slice(start, i));
    if (code === 13 && text.charCodeAt(i + 1) === 10) i += 1;
    start = i + 1;
  }
  if (start < text.length) lines.push(text.slice(start));
  return lines;
}

function isLineEnd(code: number): boolean {
  if (code <= 0x1e) return (code >= 10 && code <= 13) || code >= 0x1c;
  return code === 0x85 || code === 0x2028 || code === 0x2029;
}

/** The length in code points. */
export function countCodePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i + 1 < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      count -= 1;
      i += 1;
    }
  }
  return count;
}

/** How often `part` occurs in the text, without overlaps. */
export function countOccurrences(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count += 1;
  return count;
}
