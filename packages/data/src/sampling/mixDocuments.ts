// Several sources of documents as one stream, each with its share, that can be left and taken up again.
import { checkSeed } from "../batches/checkCounts.ts";
import type { Document } from "../document.ts";
import { DataError } from "../errors.ts";
import type { DocumentSource } from "../readDocuments.ts";
import type { SourcePosition } from "../sources/reading.ts";
import { MixtureSchedule } from "./mixtureSchedule.ts";

/** One source of a mixture. */
export interface MixedSource {
  /** Documents that can be read again and again, the same ones in the same order. */
  readonly documents: DocumentSource | AsyncIterable<Document> | Iterable<Document>;
  /** How often a document is drawn from it, relative to the others: `samplingShares` over numbers of documents. */
  readonly weight: number;
  /** Passes over it before it is used up; Infinity never ends. Default 1. */
  readonly maxEpochs?: number;
}

/** Options of `mixDocuments`. */
export interface MixDocumentsOptions {
  /** Chooses the order; a safe integer. Default 0. */
  readonly seed?: number;
  /** Whether the mixture ends with the first source that is used up, as long as the shares hold, or goes on with the rest. Default `"all"`. */
  readonly until?: "first" | "all";
}

/** Where a mixture stands. Plain JSON. */
export interface MixturePosition {
  readonly seed: number;
  /** Draws from the schedule, those from used-up sources included. */
  readonly draws: number;
  readonly sources: Readonly<Record<string, MixedSourcePosition>>;
}

/** Where one source stands. */
export interface MixedSourcePosition {
  /** Passes completed. */
  readonly epoch: number;
  /** Documents taken in this pass. */
  readonly documents: number;
  /** The source's own position, where it has one: it is not read again up to there. */
  readonly position?: SourcePosition;
}

/** What a source has given so far; after `seek`, since then. */
export interface MixedSourceReport {
  readonly documents: number;
  /** UTF-16 code units. */
  readonly characters: number;
  /** Its share of all documents given. */
  readonly share: number;
  /** Passes over it completed. */
  readonly epochs: number;
}

/** A mixture. Iterating goes on from the position; only one iteration at a time. */
export interface DocumentMixture extends AsyncIterable<Document> {
  position(): MixturePosition;
  /** Goes to a position that was saved with the same sources and weights. */
  seek(position: MixturePosition): void;
  report(): Readonly<Record<string, MixedSourceReport>>;
}

/**
 * Draws each document from one of the sources, in a seeded order that holds the shares all along. A document's
 * `metadata.mixtureSource` says where it came from, `metadata.mixtureEpoch` (from 0) in which pass.
 *
 * @throws DataError for no sources, weights or epochs out of range; while iterating, for an empty source.
 * @example
 * const mixture = mixDocuments({
 *   en: { documents: readDocuments("en/"), weight: 0.7 },
 *   de: { documents: readDocuments("de/"), weight: 0.3, maxEpochs: 4 },
 * });
 */
export function mixDocuments(
  sources: Readonly<Record<string, MixedSource>>,
  options: MixDocumentsOptions = {},
): DocumentMixture {
  return new Mixture(sources, options);
}

class Mixture implements DocumentMixture {
  readonly #states: SourceState[];
  readonly #schedule: MixtureSchedule;
  readonly #until: "first" | "all";
  #seed: number;
  #draws = 0;

  constructor(sources: Readonly<Record<string, MixedSource>>, { seed = 0, until = "all" }: MixDocumentsOptions) {
    checkSeed("mixDocuments", seed);
    this.#states = Object.entries(sources).map(([name, source]) => new SourceState(name, source));
    if (this.#states.length === 0) throw new DataError("mixDocuments: expected at least one source, got none");
    this.#schedule = new MixtureSchedule(
      this.#states.map(({ weight }) => weight),
      seed,
    );
    this.#seed = seed;
    this.#until = until;
  }

  position(): MixturePosition {
    const sources = Object.fromEntries(this.#states.map((state) => [state.name, state.position()]));
    return { seed: this.#seed, draws: this.#draws, sources };
  }

  seek({ seed, draws, sources }: MixturePosition): void {
    const names = this.#states.map(({ name }) => name);
    if (names.length !== Object.keys(sources).length || !names.every((name) => Object.hasOwn(sources, name))) {
      throw new DataError(
        `mixDocuments: seek: expected a position of the sources ${names.join(", ")}, got one of ${Object.keys(sources).join(", ")}`,
      );
    }
    this.#seed = seed;
    this.#draws = draws;
    for (const state of this.#states) state.seek(sources[state.name]!);
  }

  report(): Record<string, MixedSourceReport> {
    const total = this.#states.reduce((sum, { given }) => sum + given.documents, 0);
    return Object.fromEntries(
      this.#states.map(({ name, given, epoch }) => [
        name,
        { ...given, share: total === 0 ? 0 : given.documents / total, epochs: epoch },
      ]),
    );
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Document> {
    try {
      while (this.#states.some((state) => !state.usedUp)) {
        const state = this.#states[this.#schedule.at(this.#seed, this.#draws).source]!;
        const document = await state.next();
        if (document === undefined && this.#until === "first") return;
        this.#draws += 1;
        if (document !== undefined) yield document;
      }
    } finally {
      for (const state of this.#states) await state.close();
    }
  }
}

/** One source and how far it was read. */
class SourceState {
  readonly name: string;
  readonly weight: number;
  readonly #documents: MixedSource["documents"];
  readonly #maxEpochs: number;
  given = { documents: 0, characters: 0 };
  epoch = 0;
  #taken = 0;
  #start: MixedSourcePosition = { epoch: 0, documents: 0 };
  #iterator: AsyncIterator<Document> | Iterator<Document> | undefined;

  constructor(name: string, { documents, weight, maxEpochs = 1 }: MixedSource) {
    if (!(weight > 0 && Number.isFinite(weight))) {
      throw new DataError(`mixDocuments: ${name}: weight: expected a finite number above 0, got ${weight}`);
    }
    if (!(maxEpochs === Number.POSITIVE_INFINITY || (Number.isSafeInteger(maxEpochs) && maxEpochs > 0))) {
      throw new DataError(`mixDocuments: ${name}: maxEpochs: expected a whole number above 0, got ${maxEpochs}`);
    }
    this.name = name;
    this.weight = weight;
    this.#documents = documents;
    this.#maxEpochs = maxEpochs;
  }

  get usedUp(): boolean {
    return this.epoch >= this.#maxEpochs;
  }

  position(): MixedSourcePosition {
    const place = { epoch: this.epoch, documents: this.#taken };
    if (!this.#iterator) return this.#start;
    return isDocumentSource(this.#documents) ? { ...place, position: this.#documents.position() } : place;
  }

  seek(position: MixedSourcePosition): void {
    this.#start = position;
    this.epoch = position.epoch;
    this.#taken = position.documents;
    this.#iterator = undefined;
    this.given = { documents: 0, characters: 0 };
  }

  /** The next document, of the next pass where one ends; undefined when the source is used up. */
  async next(): Promise<Document | undefined> {
    while (!this.usedUp) {
      this.#iterator ??= await this.#open();
      const { done, value } = await this.#iterator.next();
      if (!done) {
        this.#taken += 1;
        this.given.documents += 1;
        this.given.characters += value.text.length;
        return {
          ...value,
          metadata: { ...value.metadata, mixtureSource: this.name, mixtureEpoch: this.epoch },
        };
      }
      if (this.#taken === 0) {
        throw new DataError(`mixDocuments: ${this.name}: expected documents, got none (leave the source out)`);
      }
      this.seekNextEpoch();
    }
    return undefined;
  }

  seekNextEpoch(): void {
    this.epoch += 1;
    this.#taken = 0;
    this.#start = { epoch: this.epoch, documents: 0 };
    this.#iterator = undefined;
  }

  /** Ends the reading; the next one goes on where it stood. */
  async close(): Promise<void> {
    this.#start = this.position();
    await this.#iterator?.return?.();
    this.#iterator = undefined;
  }

  /** Opens the source and goes to where this pass is to start. */
  async #open(): Promise<AsyncIterator<Document> | Iterator<Document>> {
    const { documents, position } = this.#start;
    if (isDocumentSource(this.#documents)) {
      this.#documents.seek(position ?? { files: 0, documents: 0 });
      return this.#documents[Symbol.asyncIterator]();
    }
    const iterator =
      Symbol.asyncIterator in this.#documents
        ? this.#documents[Symbol.asyncIterator]()
        : this.#documents[Symbol.iterator]();
    for (let i = 0; i < documents; i++) {
      if ((await iterator.next()).done) {
        throw new DataError(
          `mixDocuments: ${this.name}: expected at least ${documents} documents to go on after, got ${i} (a position fits only the data it was saved with)`,
        );
      }
    }
    return iterator;
  }
}

function isDocumentSource(documents: MixedSource["documents"]): documents is DocumentSource {
  return "seek" in documents && "position" in documents;
}
