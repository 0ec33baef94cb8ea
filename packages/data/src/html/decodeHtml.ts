// The text of a page's bytes in whatever encoding it was sent.
import { decodeCharset } from "../sources/decodeCharset.ts";
import { charsetOf } from "../sources/httpResponse.ts";

/**
 * The text of a page's bytes: the encoding is that of the byte order mark, else of the HTTP header, else the one that the page
 * declares in its first KiB, else UTF-8 where the bytes are that, else windows-1252 (HTML standard, "encoding sniffing").
 *
 * @param contentType the header's value, such as `text/html; charset=euc-kr`
 */
export function decodeHtml(bytes: Uint8Array, contentType = ""): string {
  const declared = /charset\s*=\s*["']?([^\s"';]+)/i.exec(contentType)?.[1];
  const charset = charsetOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), declared);
  return decodeCharset(bytes, charset);
}
