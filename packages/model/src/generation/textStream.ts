// Makes text of one sequence's tokens as they come: whole characters only, nothing from a stop string on.
import { StopScanner } from "./stopStrings.ts";

/** What generation needs of a tokenizer; those of `@llm/tokenizer` have it. */
export interface TokenDecoder {
  readonly vocabularySize: number;
  /** A decoder for ids that arrive one by one, and that never gives out half a character. */
  decodeStream(options?: { skipSpecialTokens?: boolean }): { push(id: number): string; end(): string };
}

export class TextStream {
  readonly #known: number;
  readonly #stream: { push(id: number): string; end(): string };
  readonly #scanner: StopScanner;

  constructor(tokenizer: TokenDecoder, stopStrings: readonly string[]) {
    this.#known = tokenizer.vocabularySize;
    this.#stream = tokenizer.decodeStream({ skipSpecialTokens: true });
    this.#scanner = new StopScanner(stopStrings);
  }

  /** Whether a stop string was found; nothing comes through any more. */
  get stopped(): boolean {
    return this.#scanner.stopped;
  }

  /** The text that is certain with this token. */
  push(id: number): string {
    // A model may have rows that pad its vocabulary to a round size; they stand for no text.
    return id < this.#known ? this.#scanner.push(this.#stream.push(id)) : "";
  }

  /** What was held back, now that no more tokens come. */
  end(): string {
    return this.#scanner.push(this.#stream.end()) + this.#scanner.end();
  }
}
