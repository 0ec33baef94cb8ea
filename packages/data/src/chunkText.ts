// Cuts text into chunks of a size, keeping paragraphs whole where they fit, else sentences, else words.
import type { Document, Step } from "./document.ts";
import { DataError } from "./errors.ts";
import { type Span, sentences, splitters, trimSpan, words } from "./textSpans.ts";
import type { TokenEncoder } from "./tokenEncoder.ts";

/** Options of `chunkText`: a size in characters, or in tokens of an encoder. */
export type ChunkOptions = (
  | {
      /** Most characters (UTF-16 code units) in a chunk. */
      readonly maxCharacters: number;
    }
  | {
      /** Most tokens in a chunk, counted by `encoder`. */
      readonly maxTokens: number;
      readonly encoder: TokenEncoder;
    }
) & {
  /**
   * Each chunk begins with the last whole sentences of the one before, up to this size (in the same unit): fewer where
   * there is no room beside what follows, words where a sentence is too long. Default 0.
   */
  readonly overlap?: number;
};

/** A stretch of the text: `text` is the original's slice from `start` to `end` (UTF-16 offsets). */
export interface TextChunk extends Span {
  readonly text: string;
}

/**
 * Cuts `text` into chunks no larger than the limit. Paragraphs (between blank lines) are kept whole and put together
 * while they fit; one that is too long alone is cut between sentences, then words, then characters. White space between
 * chunks belongs to none.
 *
 * @throws DataError for impossible options, and where one character alone has more than `maxTokens` tokens.
 * @example
 * chunkText("One. Two.\n\nThree.", { maxCharacters: 12 }).map(({ text }) => text); // ["One. Two.", "Three."]
 */
export function chunkText(text: string, options: ChunkOptions): TextChunk[] {
  const { limit, measure, overlap } = readOptions(options);
  const size = (span: Span): number => measure(text.slice(span.start, span.end));
  const pieces = [...piecesWithin(text, trimSpan(text, { start: 0, end: text.length }), { limit, size })];
  const chunks: TextChunk[] = [];
  for (let next = 0; next < pieces.length; ) {
    const former = chunks.at(-1);
    const room = Math.min(overlap, limit - size(pieces[next]!));
    const start = former ? overlapStart(text, former, pieces[next]!, { limit, room, size }) : pieces[next]!.start;
    const { end, count } = fill(pieces, next, { start, limit, size });
    chunks.push({ start, end, text: text.slice(start, end) });
    next += count;
  }
  return chunks;
}

/** The step that replaces each document by its chunks, with the ids `id#1`, `id#2`, and so on. */
export function chunk(options: ChunkOptions): Step {
  readOptions(options);
  return {
    name: "chunk",
    async *apply(documents): AsyncGenerator<Document> {
      for await (const document of documents) {
        for (const [i, { text }] of chunkText(document.text, options).entries()) {
          yield { ...document, id: `${document.id}#${i + 1}`, text };
        }
      }
    },
  };
}

interface Fit {
  readonly limit: number;
  readonly size: (span: Span) => number;
}

/** The coarsest spans within the limit, in order, without white space at their ends. */
function* piecesWithin(text: string, span: Span, fit: Fit, level = 0): Generator<Span> {
  if (span.end === span.start) return;
  if (fit.size(span) <= fit.limit) {
    yield span;
    return;
  }
  const split = splitters[level];
  if (!split) {
    const character = text.slice(span.start, span.end);
    throw new DataError(
      `chunkText: the character ${JSON.stringify(character)} at ${span.start} alone has ${fit.size(span)} tokens, more than maxTokens ${fit.limit} (raise maxTokens)`,
    );
  }
  for (const part of split(text, span)) yield* piecesWithin(text, trimSpan(text, part), fit, level + 1);
}

/** How many pieces from `first` on fit into a chunk that begins at `start`, and where the last of them ends. */
function fill(
  pieces: readonly Span[],
  first: number,
  { start, limit, size }: Fit & { readonly start: number },
): { end: number; count: number } {
  const fits = (count: number): boolean => size({ start, end: pieces[first + count - 1]!.end }) <= limit;
  // Doubling, then halving: sizes are measured on whole chunks, since tokens of parts do not add up to those of the whole.
  let count = 1;
  while (first + count * 2 <= pieces.length && fits(count * 2)) count *= 2;
  for (let more = count; more >= 1; more = Math.floor(more / 2)) {
    if (first + count + more <= pieces.length && fits(count + more)) count += more;
  }
  return { end: pieces[first + count - 1]!.end, count };
}

/** Where a chunk that goes on with `piece` begins so that it repeats the end of `former`, within `room`. */
function overlapStart(
  text: string,
  former: TextChunk,
  piece: Span,
  { limit, room, size }: Fit & { readonly room: number },
): number {
  if (room <= 0) return piece.start;
  const fits = ({ start }: Span): boolean =>
    size({ start, end: former.end }) <= room && size({ start, end: piece.end }) <= limit;
  for (const split of [sentences, words]) {
    const start = [...split(text, former)]
      .map((part) => trimSpan(text, part))
      .find((part) => part.end > part.start && fits(part))?.start;
    if (start !== undefined && start > former.start) return start;
  }
  return piece.start;
}

function readOptions(options: ChunkOptions): { limit: number; overlap: number; measure: (text: string) => number } {
  const byTokens = "maxTokens" in options;
  const limit = byTokens ? options.maxTokens : options.maxCharacters;
  const overlap = options.overlap ?? 0;
  const name = byTokens ? "maxTokens" : "maxCharacters";
  if (!Number.isSafeInteger(limit) || limit < 2) {
    throw new DataError(`chunkText: ${name}: expected a whole number of at least 2, got ${limit}`);
  }
  if (!(overlap >= 0 && overlap < limit)) {
    throw new DataError(`chunkText: overlap: expected from 0 to below ${name} ${limit}, got ${overlap}`);
  }
  return { limit, overlap, measure: byTokens ? (text) => options.encoder.encode(text).length : (text) => text.length };
}
