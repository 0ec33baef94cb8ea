// A step that changes each document's text by one function.
import type { Document, Step } from "../document.ts";

/** The step that hands on each document with `change` applied to its text, the same object where nothing changed. */
export function textStep(name: string, change: (text: string) => string): Step {
  return {
    name,
    async *apply(documents): AsyncGenerator<Document> {
      for await (const document of documents) {
        const text = change(document.text);
        yield text === document.text ? document : { ...document, text };
      }
    },
  };
}
