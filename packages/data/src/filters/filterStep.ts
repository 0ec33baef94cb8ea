// A step that keeps or drops each document by one question.
import type { Document, Step } from "../document.ts";

/** The step that drops the documents for which `reasonToDrop` gives a reason. */
export function filterStep(name: string, reasonToDrop: (document: Document) => string | undefined): Step {
  return {
    name,
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      for await (const document of documents) {
        const reason = reasonToDrop(document);
        if (reason === undefined) yield document;
        else await drop(document, reason);
      }
    },
  };
}
