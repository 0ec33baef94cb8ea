// Turns a document's bytes into text, refusing what is not UTF-8 text: binary data, other encodings, invalid bytes.
import { isUtf8 } from "node:buffer";
import { type FilePlace, FormatError } from "./errors.ts";

/** What to do with bytes that are not UTF-8: stop, leave the document out, or put U+FFFD in their place. */
export type InvalidUtf8Policy = "error" | "skip" | "replace";

/** Text of some bytes, and whether invalid bytes had to be replaced in it. */
export interface DecodedText {
  readonly text: string;
  readonly replaced: boolean;
}

/**
 * Decodes UTF-8, without a byte order mark at the start.
 * @param place where the bytes begin, for the error.
 * @throws FormatError for NUL bytes (binary data or UTF-16) and, unless `replaceInvalid`, for invalid UTF-8.
 */
export function decodeText(bytes: Buffer, place: FilePlace, replaceInvalid: boolean): DecodedText {
  checkNoBinary(bytes, place);
  const hasByteOrderMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const body = hasByteOrderMark ? bytes.subarray(3) : bytes;
  const valid = isUtf8(body);
  if (!valid && !replaceInvalid) {
    const offset = (hasByteOrderMark ? 3 : 0) + firstInvalidByte(body);
    const detail =
      'name the encoding the file is in, such as encoding: "windows-1252", or set invalidUtf8 to "replace" or "skip"';
    throw new FormatError(placeWithin(place, offset), "invalid UTF-8", detail);
  }
  return { text: body.toString("utf8"), replaced: !valid };
}

/** @throws FormatError for NUL bytes. */
export function checkNoBinary(bytes: Buffer, place: FilePlace): void {
  const nul = bytes.indexOf(0);
  if (nul === -1) return;
  const utf16 = { fffe: "utf-16le", feff: "utf-16be" }[bytes.toString("hex", 0, 2)];
  const detail = utf16
    ? `the byte order mark says UTF-16 (set encoding: "${utf16}")`
    : 'a NUL byte is not text (leave the file out, or set badInput: "skip")';
  throw new FormatError(placeWithin(place, nul), "binary data", detail);
}

/** The byte in the file, where it is known at which one the bytes begin: those of a field of a row may lie anywhere in it. */
function placeWithin(place: FilePlace, offset: number): FilePlace {
  if (place.line !== undefined && place.offset === undefined) return place;
  return { ...place, offset: (place.offset ?? 0) + offset };
}

// Whole blocks first, cut between characters; then character by character in the block that holds the fault.
function firstInvalidByte(bytes: Buffer): number {
  let start = 0;
  for (;;) {
    let end = Math.min(start + 4096, bytes.length);
    while (end > start && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
    if (end === start || !isUtf8(bytes.subarray(start, end))) break;
    start = end;
  }
  for (;;) {
    const length = [1, 2, 3, 4].find((count) => isUtf8(bytes.subarray(start, start + count)));
    if (length === undefined || start >= bytes.length) return start;
    start += length;
  }
}
