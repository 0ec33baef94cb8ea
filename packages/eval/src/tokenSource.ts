// Tokens to evaluate on: a dataset on disk that is read in pieces, or an array.
import { EvaluationError } from "./errors.ts";

/** A stream of tokens that can be read at any place. A `TokenDataset` of @llm/data is one. */
export interface TokenSource {
  readonly tokenCount: number;
  /** UTF-8 bytes of the text the tokens were made from. */
  readonly byteCount?: number;
  read(offset: number, length: number): Promise<Uint32Array>;
}

/** Where tokens are taken from. */
export type Tokens = TokenSource | Uint32Array;

/** Tokens read at a time where a whole stream is walked. */
const pieceLength = 1 << 16;

export function tokenSource(tokens: Tokens): TokenSource {
  if (!(tokens instanceof Uint32Array)) {
    if (typeof tokens?.read === "function") return tokens;
    throw new EvaluationError(
      `tokens: expected a Uint32Array or a dataset with tokenCount and read, got ${Array.isArray(tokens) ? "an array" : typeof tokens} (Uint32Array.from makes one of an array)`,
    );
  }
  return { tokenCount: tokens.length, read: async (offset, length) => tokens.subarray(offset, offset + length) };
}

/** A part of the stream: its tokens from `from` on are new, those before are repeated from the part before. */
export interface TokenPiece {
  readonly tokens: Uint32Array;
  readonly from: number;
}

/**
 * Walks all tokens in pieces, each with up to `overlap` tokens of the piece before it.
 * @throws EvaluationError for an id that is not below `vocabularySize`.
 */
export async function* readPieces(
  where: string,
  source: TokenSource,
  options: { overlap: number; vocabularySize: number; signal?: AbortSignal | undefined },
): AsyncGenerator<TokenPiece> {
  const { overlap, vocabularySize, signal } = options;
  for (let at = 0; at < source.tokenCount; at += pieceLength) {
    signal?.throwIfAborted();
    const start = Math.max(0, at - overlap);
    const end = Math.min(source.tokenCount, at + pieceLength);
    const tokens = await source.read(start, end - start);
    requireInVocabulary(where, tokens, vocabularySize, start);
    yield { tokens, from: at - start };
  }
}

/** Throws for a token that the model does not know: the tokens were made with another tokenizer. */
export function requireInVocabulary(where: string, tokens: Uint32Array, vocabularySize: number, offset: number): void {
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i]! >= vocabularySize) {
      throw new EvaluationError(
        `${where}: token id ${tokens[i]} at ${offset + i} is outside the vocabulary of ${vocabularySize} (were the tokens made with this model's tokenizer?)`,
      );
    }
  }
}
