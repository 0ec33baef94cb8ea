// Bytes of a named encoding as text.

/**
 * The text of `bytes`; invalid ones become U+FFFD.
 * @param charset a label of the Encoding standard.
 */
export function decodeCharset(bytes: Uint8Array, charset: string): string {
  const decoder = new TextDecoder(charset);
  // As a stream of one piece: otherwise Node takes windows-1252 for Latin-1 (nodejs/node 56542), which has controls where
  // that has quotes and dashes.
  return decoder.decode(bytes, { stream: true }) + decoder.decode();
}
