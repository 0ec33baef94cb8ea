// Undoes mojibake, text that was decoded from the wrong encoding, with the decisions of ftfy's fix_encoding (Speer 2019): text is
// changed only where it shows signs of it and where the bytes it came from are UTF-8.
import { isUtf8 } from "node:buffer";
import { badnessPattern, type MistakenEncoding, mistakenEncodings, utf8Pattern } from "./mojibakeRules.ts";

const bad = new RegExp(badnessPattern, "u");
const looksLikeUtf8 = new RegExp(utf8Pattern, "gu");
const ascii = /^[\0-\x7f]*$/;
const upperControl = /[\x80-\x9f]/g;
const latin1 = /^[\0-\xff]*$/;

// The patterns below are over bytes, written as characters U+0000 to U+00FF.
/** UTF-8 in which a no-break space byte became a space. */
const lostNoBreakSpace =
  /[\xc2\xc3\xc5\xce\xd0\xd9] |[\xe2\xe3] [\x80-\x84\x86-\x9f\xa1-\xbf]|[\xe0-\xe3][\x80-\x84\x86-\x9f\xa1-\xbf] |\xf0 [\x80-\xbf][\x80-\xbf]|\xf0[\x80-\xbf] [\x80-\xbf]|\xf0[\x80-\xbf][\x80-\xbf] /g;
/** A word `à` of which the space after it was taken for its second byte, save for Portuguese words that begin with it. */
const graveWord = /\xc3 (?! |quele|quela|quilo|s )/g;
/** UTF-8 of which a byte was lost: 0x1a, or a question mark, stands in its place. */
const lossyUtf8 =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: 0x1a stands for a lost byte.
  /[\xc2-\xdf]\x1a|[\xc2-\xc3]\?|\xed[\xa0-\xaf][\x1a?]\xed[\xb0-\xbf][\x1a?\x80-\xbf]|\xed[\xa0-\xaf][\x1a?\x80-\xbf]\xed[\xb0-\xbf][\x1a?]|[\xe0-\xef][\x1a?][\x1a\x80-\xbf]|[\xe0-\xef][\x1a\x80-\xbf][\x1a?]|[\xf0-\xf4][\x1a?][\x1a\x80-\xbf][\x1a\x80-\xbf]|[\xf0-\xf4][\x1a\x80-\xbf][\x1a?][\x1a\x80-\xbf]|[\xf0-\xf4][\x1a\x80-\xbf][\x1a\x80-\xbf][\x1a?]|\x1a/g;
const replacementBytes = "\xef\xbf\xbd";
/** Surrogate pairs encoded as two characters (CESU-8). */
const encodedPair = /\xed([\xa0-\xaf])([\x80-\xbf])\xed([\xb0-\xbf])([\x80-\xbf])/g;
const longNul = /\xc0\x80/g;

const encoders = mistakenEncodings.map((encoding) => ({ ...encoding, encode: encoderOf(encoding) }));
const windows1252 = mistakenEncodings.find(({ name }) => name === "windows-1252")!.upperHalf;

/** The text with mojibake undone, as often as it was done. */
export function fixEncoding(text: string): string {
  for (let before = text; ; ) {
    const after = fixOnce(before);
    if (after === before) return after;
    before = after;
  }
}

/** C1 control characters as the characters that Windows-1252 has in their place. */
export function fixUpperControls(text: string): string {
  return text.replace(upperControl, (control) => windows1252[control.charCodeAt(0) - 0x80]!);
}

function fixOnce(text: string): string {
  if (ascii.test(text) || !bad.test(text)) return text;
  for (const encoding of encoders) {
    const bytes = encoding.encode(text);
    const fixed = bytes === undefined ? undefined : decodeUtf8(restoredBytes(bytes, encoding));
    if (fixed !== undefined) return fixed;
  }
  const fixed = fixEmbedded(text);
  if (fixed !== text) return fixed;
  if (latin1.test(text) && !/[\x81\x8d\x8f\x90\x9d]/.test(text)) {
    const asWindows = fixUpperControls(text);
    if (asWindows !== text) return asWindows;
  }
  return fixUpperControls(text);
}

function restoredBytes(bytes: string, { name, isSloppy }: MistakenEncoding): string {
  // In MacRoman an en dash before a space looks the same.
  const spaced =
    name === "macroman"
      ? bytes
      : bytes.replace(graveWord, "\xc3\xa0 ").replace(lostNoBreakSpace, (sequence) => sequence.replaceAll(" ", "\xa0"));
  return isSloppy ? spaced.replace(lossyUtf8, replacementBytes) : spaced;
}

/** Each run that looks like UTF-8 on its own, where the text as a whole is not. */
function fixEmbedded(text: string): string {
  return text.replace(looksLikeUtf8, (run) => (run.length < text.length && bad.test(run) ? fixEncoding(run) : run));
}

/** The text of bytes in UTF-8, CESU-8 or Java's UTF-8, or undefined for other bytes. */
function decodeUtf8(bytes: string): string | undefined {
  const plain = bytes.replace(longNul, "\0").replace(encodedPair, (_, a: string, b: string, c: string, d: string) => {
    const high = ((a.charCodeAt(0) & 0x0f) << 16) | ((b.charCodeAt(0) & 0x3f) << 10);
    const low = ((c.charCodeAt(0) & 0x0f) << 6) | (d.charCodeAt(0) & 0x3f);
    return Buffer.from(String.fromCodePoint(0x10000 + (high | low))).toString("latin1");
  });
  const buffer = Buffer.from(plain, "latin1");
  return isUtf8(buffer) ? buffer.toString("utf8") : undefined;
}

/** The function from a text to its bytes in the encoding, undefined for a text with other characters. */
function encoderOf({ isSloppy, upperHalf }: MistakenEncoding): (text: string) => string | undefined {
  const bytes = new Uint16Array(0x10000);
  for (let code = 0; code < 0x80; code++) bytes[code] = code + 1;
  for (let i = 0; i < 0x80; i++) bytes[upperHalf.charCodeAt(i)] = 0x80 + i + 1;
  if (isSloppy) {
    bytes[0x1a] = 0;
    bytes[0xfffd] = 0x1a + 1;
  }
  return (text) => {
    const encoded = Buffer.allocUnsafe(text.length);
    for (let i = 0; i < text.length; i++) {
      const byte = bytes[text.charCodeAt(i)]!;
      if (byte === 0) return undefined;
      encoded[i] = byte - 1;
    }
    return encoded.toString("latin1");
  };
}
