// What a model that works on characters (WordPiece, Unigram) gives its tokenizer.
import type { PieceTokenizer } from "./textPipeline.ts";

export interface CharacterModel {
  /** One more than the highest id. */
  readonly vocabularySize: number;
  readonly tokenizePiece: PieceTokenizer;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  /** The `model` of `tokenizer.json`. */
  toJson(): object;
}
