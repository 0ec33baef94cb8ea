// WordPiece (Schuster and Nakajima 2012; the model of BERT): of each word, the longest token that it starts with, again and
// again; a word that cannot be spelled so is unknown as a whole.
import type { CharacterModel } from "./characterModel.ts";
import type { TextToken } from "./encoding.ts";
import { FormatError } from "./errors.ts";
import { asId, asObject, asString, type JsonObject } from "./jsonFields.ts";

/** What a WordPiece model is made of. */
export interface WordPieceParts {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownToken: string;
  /** Stands before tokens that are not the start of a word. */
  readonly continuingPrefix: string;
  /** A word of more characters is unknown. */
  readonly maxWordCharacters: number;
}

/** @throws FormatError for what is malformed */
export function readWordPiece(model: JsonObject): WordPieceModel {
  const vocabulary = new Map<string, number>();
  for (const [token, id] of Object.entries(asObject(model.vocab, "model.vocab"))) {
    vocabulary.set(token, asId(id, `model.vocab[${JSON.stringify(token)}]`));
  }
  return new WordPieceModel({
    vocabulary,
    unknownToken: asString(model.unk_token ?? "[UNK]", "model.unk_token"),
    continuingPrefix: asString(model.continuing_subword_prefix ?? "##", "model.continuing_subword_prefix"),
    maxWordCharacters: asId(model.max_input_chars_per_word ?? 100, "model.max_input_chars_per_word"),
  });
}

export class WordPieceModel implements CharacterModel {
  readonly vocabularySize: number;
  readonly #parts: WordPieceParts;
  readonly #unknownId: number;
  readonly #tokens = new Map<number, string>();
  /** Of the longest token, in code units: longer candidates need no look-up. */
  readonly #longest: number;

  /** @throws FormatError if the unknown token is not in the vocabulary */
  constructor(parts: WordPieceParts) {
    this.#parts = parts;
    let [longest, highest] = [0, -1];
    for (const [token, id] of parts.vocabulary) {
      this.#tokens.set(id, token);
      longest = Math.max(longest, token.length);
      highest = Math.max(highest, id);
    }
    this.#longest = longest;
    this.vocabularySize = highest + 1;
    const unknownId = parts.vocabulary.get(parts.unknownToken);
    if (unknownId === undefined) {
      throw new FormatError(`model.unk_token: ${JSON.stringify(parts.unknownToken)} is not in model.vocab (add it)`);
    }
    this.#unknownId = unknownId;
  }

  readonly tokenizePiece = (word: string): readonly TextToken[] => {
    const tokens = this.#isTooLong(word) ? undefined : this.#spell(word);
    return tokens ?? [{ id: this.#unknownId, token: this.#parts.unknownToken, start: 0, end: word.length }];
  };

  #isTooLong(word: string): boolean {
    const { maxWordCharacters } = this.#parts;
    if (word.length <= maxWordCharacters) return false;
    if (word.length > maxWordCharacters * 2) return true;
    return [...word].length > maxWordCharacters;
  }

  #spell(word: string): TextToken[] | undefined {
    const { vocabulary, continuingPrefix } = this.#parts;
    const tokens: TextToken[] = [];
    for (let start = 0; start < word.length; ) {
      const prefix = start > 0 ? continuingPrefix : "";
      let end = Math.min(word.length, start + this.#longest - prefix.length);
      for (; end > start; end--) {
        if (isInsidePair(word, end)) continue;
        const token = prefix + word.slice(start, end);
        const id = vocabulary.get(token);
        if (id === undefined) continue;
        tokens.push({ id, token, start, end });
        break;
      }
      if (end <= start) return undefined;
      start = end;
    }
    return tokens;
  }

  tokenToId(token: string): number | undefined {
    return this.#parts.vocabulary.get(token);
  }

  idToToken(id: number): string | undefined {
    return this.#tokens.get(id);
  }

  toJson(): object {
    const { vocabulary, unknownToken, continuingPrefix, maxWordCharacters } = this.#parts;
    // Without a prototype, "__proto__" is a token like any other.
    const vocab = Object.assign(Object.create(null), Object.fromEntries(vocabulary)) as object;
    return {
      type: "WordPiece",
      unk_token: unknownToken,
      continuing_subword_prefix: continuingPrefix,
      max_input_chars_per_word: maxWordCharacters,
      vocab,
    };
  }
}

/** Whether `at` is between the halves of a surrogate pair. */
function isInsidePair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
}
