// The elements of some names in a long XML file, each cut out whole, so that a malformed one spoils only itself.
import { FormatError } from "../errors.ts";

/** One element, from its start tag to its end tag. */
export interface XmlElement {
  readonly name: string;
  /** Undefined where it was longer than the limit. */
  readonly xml: Buffer | undefined;
  /** Byte offset of its start tag in the decompressed file. */
  readonly offset: number;
  readonly length: number;
}

/** What is looked for, and where. */
export interface XmlElementsOptions {
  readonly file: string;
  /** The root element, whose end tag must stand at the file's end. */
  readonly root: string;
  /** Names of the elements wanted, the most frequent first; they nest neither in themselves nor in each other. */
  readonly names: readonly string[];
  /** Longest element, in bytes. */
  readonly limit: number;
  /** Offset of the first chunk in the file. Default 0. */
  readonly start?: number;
}

// What may follow the root's end tag: line ends.
const tailBytes = 64;

interface Tag {
  readonly name: string;
  readonly opening: Buffer;
  readonly closing: Buffer;
}

/** The element at hand, of which nothing is kept once it is longer than the limit. */
interface OpenElement {
  readonly tag: Tag;
  readonly offset: number;
  pieces: Buffer[];
  length: number;
}

/**
 * Elements `<name …>…</name>` in order. In well-formed XML a tag cannot stand in text, so its bytes tell (of what stands
 * in comments or CDATA a tag of the same name would be taken for one). Each byte is looked at a fixed number of times.
 * @throws FormatError for a file that ends within an element or without the root's end tag.
 */
export async function* xmlElements(
  chunks: AsyncIterable<Buffer>,
  { file, root, names, limit, start = 0 }: XmlElementsOptions,
): AsyncGenerator<XmlElement> {
  const tags = names.map((name) => ({ name, opening: Buffer.from(`<${name}`), closing: Buffer.from(`</${name}>`) }));
  // A tag may be cut between two chunks: so many bytes are kept for the next look.
  const overlap = Math.max(...tags.map(({ closing }) => closing.length), root.length + tailBytes);
  let rest: Buffer = Buffer.alloc(0);
  let offset = start;
  let element: OpenElement | undefined;
  const take = (length: number): Buffer => {
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    offset += length;
    return taken;
  };
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      if (element === undefined) {
        const found = firstTag(rest, tags);
        take(found ? found.at : Math.max(rest.length - overlap, 0));
        if (found === undefined) break;
        element = { tag: found.tag, offset, pieces: [], length: 0 };
      }
      const end = rest.indexOf(element.tag.closing);
      keep(element, take(end === -1 ? Math.max(rest.length - overlap, 0) : end + element.tag.closing.length), limit);
      if (end === -1) break;
      const { tag, pieces, length } = element;
      const xml = length > limit ? undefined : Buffer.concat(pieces);
      yield { name: tag.name, xml, offset: element.offset, length };
      element = undefined;
    }
  }
  if (element === undefined && rest.includes(`</${root}>`)) return;
  const place = { file, offset: element?.offset ?? offset + rest.length };
  const missing = element ? `within <${element.tag.name}>` : `without </${root}>`;
  throw new FormatError(place, "truncated XML", `the file ends ${missing} (is it the right file? download it again)`);
}

function keep(element: OpenElement, piece: Buffer, limit: number): void {
  element.length += piece.length;
  if (element.length > limit) element.pieces = [];
  else element.pieces.push(piece);
}

function firstTag(bytes: Buffer, tags: readonly Tag[]): { readonly tag: Tag; readonly at: number } | undefined {
  let first: { readonly tag: Tag; readonly at: number } | undefined;
  for (const tag of tags) {
    // Only what lies before is of interest: a rare name would otherwise be looked for to the end, again for each element.
    const within = first ? bytes.subarray(0, first.at) : bytes;
    const at = tagPlace(within, tag.opening);
    if (at !== -1) first = { tag, at };
  }
  return first;
}

/** Place of the start tag itself: `<PubmedArticle` is also how `<PubmedArticleSet` begins. -1 where it may yet come. */
function tagPlace(bytes: Buffer, opening: Buffer): number {
  for (let at = bytes.indexOf(opening); at !== -1; at = bytes.indexOf(opening, at + 1)) {
    const next = bytes[at + opening.length];
    if (next === undefined) return -1;
    if (next === 0x3e || next === 0x2f || next <= 0x20) return at;
  }
  return -1;
}
