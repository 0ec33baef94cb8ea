// Bytes of a named encoding as text.

/**
 * The text of `bytes`, without a byte order mark.
 * @param charset a label of the Encoding standard.
 * @param fatal throws TypeError for invalid bytes, which otherwise become U+FFFD.
 */
export function decodeCharset(bytes: Uint8Array, charset: string, { fatal = false } = {}): string {
  const decoder = new TextDecoder(charset, { fatal });
  // As a stream of one piece: otherwise Node takes windows-1252 for Latin-1 (nodejs/node 56542), which has controls where
  // that has quotes and dashes.
  return decoder.decode(bytes, { stream: true }) + decoder.decode();
}
