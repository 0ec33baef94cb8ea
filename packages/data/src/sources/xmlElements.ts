// The elements of one name in a long XML file, each cut out whole, so that a malformed one spoils only itself.
import { FormatError } from "../errors.ts";

/** One element, from its start tag to its end tag. */
export interface XmlElement {
  /** Undefined where it was longer than the limit. */
  readonly xml: Buffer | undefined;
  /** Byte offset of its start tag in the decompressed file. */
  readonly offset: number;
  readonly length: number;
}

/**
 * Elements `<name …>…</name>` that do not nest in themselves. In well-formed XML a tag cannot stand in text, so its
 * bytes tell (of what stands in comments or CDATA a tag of the same name would be taken for one). Each byte is looked
 * at a fixed number of times.
 * @param start offset of the first chunk in the file.
 * @throws FormatError for a file that ends within an element.
 */
export async function* xmlElements(
  chunks: AsyncIterable<Buffer>,
  name: string,
  { file, limit, start = 0 }: { readonly file: string; readonly limit: number; readonly start?: number },
): AsyncGenerator<XmlElement> {
  const opening = Buffer.from(`<${name}`);
  const closing = Buffer.from(`</${name}>`);
  // A tag may be cut between two chunks: this many bytes are kept for the next look.
  const overlap = closing.length - 1;
  let rest: Buffer = Buffer.alloc(0);
  let restOffset = start;
  let element: { readonly offset: number; pieces: Buffer[]; length: number } | undefined;
  const keep = (piece: Buffer): void => {
    if (element === undefined) return;
    element.length += piece.length;
    if (element.length > limit) element.pieces = [];
    else element.pieces.push(piece);
  };
  const drop = (length: number): void => {
    rest = rest.subarray(length);
    restOffset += length;
  };
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      if (element === undefined) {
        const at = findTag(rest, opening);
        if (at === -1) {
          drop(Math.max(rest.length - overlap, 0));
          break;
        }
        drop(at);
        element = { offset: restOffset, pieces: [], length: 0 };
      }
      const end = rest.indexOf(closing);
      const length = end === -1 ? Math.max(rest.length - overlap, 0) : end + closing.length;
      keep(rest.subarray(0, length));
      drop(length);
      if (end === -1) break;
      const { pieces, offset, length: whole } = element;
      element = undefined;
      yield { xml: whole > limit ? undefined : Buffer.concat(pieces), offset, length: whole };
    }
  }
  if (element === undefined) return;
  const detail = `the file ends within <${name}> (copy or download it again)`;
  throw new FormatError({ file, offset: element.offset }, "truncated XML", detail);
}

/** Place of the start tag itself: `<PubmedArticle` is also how `<PubmedArticleSet` begins. -1 where it may yet come. */
function findTag(bytes: Buffer, opening: Buffer): number {
  for (let at = bytes.indexOf(opening); at !== -1; at = bytes.indexOf(opening, at + 1)) {
    const next = bytes[at + opening.length];
    if (next === undefined) return -1;
    if (next === 0x3e || next === 0x2f || next <= 0x20) return at;
  }
  return -1;
}
