// Repeats and drops documents so that each is there as often as its weight says.
import { hash } from "node:crypto";
import { checkSeed } from "../batches/checkCounts.ts";
import type { Document, Step } from "../document.ts";
import { DataError } from "../errors.ts";

/** Options of `resample`. */
export interface ResampleOptions {
  /** How often a document should be there on average: 0.25 keeps a quarter of such documents, 2.5 gives two or three of each. */
  readonly weight: (document: Document) => number;
  /** Changes which documents get the odd copy. Default 0. */
  readonly seed?: number;
  /** Most copies of one document. Default 10. */
  readonly maxCopies?: number;
}

/**
 * The step that gives each document as often as its weight says: the whole part of it for sure, the rest by chance, decided by a
 * hash of the id, so that the result is the same in whatever order or shard documents come. Further copies have the ids `id#copy2`,
 * `id#copy3` and `metadata.copy`; documents without a copy are dropped (reason `resampled`).
 *
 * @throws DataError for impossible options and, while it runs, for a weight that is not a finite number from 0.
 * @example
 * resample({ weight: ({ metadata }) => (metadata?.language === "de" ? 5 : 1) });
 */
export function resample(options: ResampleOptions): Step {
  const { weight, seed = 0, maxCopies = 10 } = options;
  checkSeed("resample", seed);
  if (!(maxCopies >= 1)) throw new DataError(`resample: maxCopies: expected a number of at least 1, got ${maxCopies}`);
  return {
    name: "resample",
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      for await (const document of documents) {
        const wanted = weight(document);
        if (!(wanted >= 0 && Number.isFinite(wanted))) {
          throw new DataError(
            `resample: ${document.id}: expected a weight that is a finite number from 0, got ${wanted}`,
          );
        }
        const whole = Math.floor(wanted);
        const copies = Math.min(whole + (placeOf(document.id, seed) < wanted - whole ? 1 : 0), maxCopies);
        if (copies === 0) await drop(document, "resampled");
        for (let copy = 1; copy <= copies; copy++) {
          yield copy === 1 ? document : asCopy(document, copy);
        }
      }
    },
  };
}

function asCopy(document: Document, copy: number): Document {
  return { ...document, id: `${document.id}#copy${copy}`, metadata: { ...document.metadata, copy } };
}

/** A number from 0 to below 1 that stands for the id. */
function placeOf(id: string, seed: number): number {
  return hash("sha256", `resample ${seed}\n${id}`, "buffer").readUIntBE(0, 6) / 2 ** 48;
}
