// Drops documents that are too short or too long to learn from.
import type { Document, Step } from "./document.ts";
import { DataError } from "./errors.ts";

/** Options of `filterLength`. */
export interface FilterLengthOptions {
  /** Fewest characters (UTF-16 code units) a document may have. Default 0. */
  readonly minCharacters?: number;
  /** Most characters a document may have. Default: no limit. */
  readonly maxCharacters?: number;
}

/** The step that drops documents outside the limits (reasons `"too short"` and `"too long"`). */
export function filterLength(options: FilterLengthOptions): Step {
  const { minCharacters = 0, maxCharacters = Number.POSITIVE_INFINITY } = options;
  if (!(minCharacters >= 0 && minCharacters <= maxCharacters)) {
    throw new DataError(
      `filterLength: expected 0 <= minCharacters <= maxCharacters, got ${minCharacters} and ${maxCharacters}`,
    );
  }
  return {
    name: "filterLength",
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      for await (const document of documents) {
        const { length } = document.text;
        if (length < minCharacters) await drop(document, "too short");
        else if (length > maxCharacters) await drop(document, "too long");
        else yield document;
      }
    },
  };
}
