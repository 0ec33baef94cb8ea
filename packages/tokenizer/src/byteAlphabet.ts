// GPT-2's byte alphabet: one printable character for each byte, in which byte-level vocabularies are written.

/** The character of each byte: printable Latin-1 stands for itself, the 68 others are U+0100 … U+0143 in order. */
export const byteCharacters: readonly string[] = Array.from({ length: 256 }, (_, byte) => byteCharacter(byte));

const byteOfCode = new Int16Array(0x144).fill(-1);
for (let byte = 0; byte < 256; byte++) byteOfCode[byteCharacters[byte]!.charCodeAt(0)] = byte;

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

function byteCharacter(byte: number): string {
  if (isPrintable(byte)) return String.fromCharCode(byte);
  let rank = 0;
  for (let other = 0; other < byte; other++) if (!isPrintable(other)) rank++;
  return String.fromCharCode(0x100 + rank);
}

/** The byte that a character of the alphabet stands for, given its code unit; -1 if it is not of the alphabet. */
export function byteOfUnit(unit: number): number {
  return unit < byteOfCode.length ? byteOfCode[unit]! : -1;
}

/** The bytes that `token` spells, or undefined if one of its characters is not of the alphabet. */
export function spelledBytes(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = byteOfUnit(token.charCodeAt(i));
    if (byte < 0) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

/** Writes bytes in the alphabet. */
export function spellBytes(bytes: ArrayLike<number>): string {
  let token = "";
  for (let i = 0; i < bytes.length; i++) token += byteCharacters[bytes[i]!]!;
  return token;
}
