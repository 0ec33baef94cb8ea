// Exact deduplication: of documents with equal text the first is kept.
import { DigestSet } from "./digestSet.ts";
import type { Document, Step } from "./document.ts";

/** Options of `deduplicate`. */
export interface DeduplicateOptions {
  /** What must be equal for two documents to be the same. Default: the text, as earlier steps left it. */
  readonly key?: (document: Document) => string;
}

/**
 * The step that drops documents seen before (reason `"duplicate"`), recognised by the first 128 bits of the SHA-256 of
 * their key (a billion different texts hold a colliding pair with a chance below 10^-20).
 * Memory: 32 to 64 bytes per kept document. Put it after `normalize`, so that texts that differ only in form are equal.
 */
export function deduplicate(options: DeduplicateOptions = {}): Step {
  const key = options.key ?? ((document: Document) => document.text);
  return {
    name: "deduplicate",
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      const seen = new DigestSet();
      for await (const document of documents) {
        if (seen.add(key(document))) yield document;
        else await drop(document, "duplicate");
      }
    },
  };
}
