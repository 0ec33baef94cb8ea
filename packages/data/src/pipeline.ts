// Strings steps together, counts what each lets through, and keeps what was dropped and why.
import type { Document, Step, StepContext } from "./document.ts";
import { DataError } from "./errors.ts";
import type { DocumentSource } from "./readDocuments.ts";
import type { SourceReport } from "./sources/reading.ts";
import { JsonlFile } from "./writeDocuments.ts";

/** Documents and characters (UTF-16 code units) that passed a point of the pipeline. */
export interface Count {
  readonly documents: number;
  readonly characters: number;
}

/** What one step did. */
export interface StepReport {
  readonly name: string;
  readonly in: Count;
  readonly out: Count;
  /** Dropped documents by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** What a pipeline has done so far, or in its latest run. */
export interface PipelineReport {
  readonly in: Count;
  readonly out: Count;
  readonly steps: readonly StepReport[];
  /** The source's own report, where it keeps one. */
  readonly source?: SourceReport;
}

/** Options of `pipeline`. */
export interface PipelineOptions {
  /**
   * JSONL file (gzip with `.gz`) that gets every dropped document with the `step` and `reason`; it appears when a run
   * reaches the end, and not at all when the run stops before.
   */
  readonly droppedFile?: string;
}

/** A source with steps. Each time `documents` is iterated the pipeline runs from the start. */
export interface Pipeline {
  readonly documents: AsyncIterable<Document>;
  report(): PipelineReport;
}

/**
 * Strings `steps` together. Nothing runs before documents are taken from `documents`, one at a time, so a slow consumer
 * holds back the reading.
 *
 * @example
 * const clean = pipeline(readDocuments("corpus/"), [normalize(), deduplicate(), filterLength({ minCharacters: 200 })]);
 * await writeDocuments(clean.documents, "clean.jsonl.gz");
 * console.log(clean.report().out.documents);
 */
export function pipeline(
  source: DocumentSource | AsyncIterable<Document> | Iterable<Document>,
  steps: readonly Step[],
  options: PipelineOptions = {},
): Pipeline {
  let run = new Run(steps);
  return {
    documents: {
      async *[Symbol.asyncIterator]() {
        run = new Run(steps);
        yield* run.documents(source, options.droppedFile);
      },
    },
    report: () => ({ ...run.report(), ...("report" in source ? { source: source.report() } : {}) }),
  };
}

/** One pass of documents through the steps. */
class Run {
  readonly #steps: readonly Step[];
  /** Counts before the first step and after each. */
  readonly #counts: { documents: number; characters: number }[];
  readonly #dropped: Record<string, number>[];

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
    this.#counts = Array.from({ length: steps.length + 1 }, () => ({ documents: 0, characters: 0 }));
    this.#dropped = steps.map(() => ({}));
  }

  report(): PipelineReport {
    const counts = this.#counts.map((count) => ({ ...count }));
    const steps = this.#steps.map(({ name }, i) => ({
      name,
      in: counts[i]!,
      out: counts[i + 1]!,
      dropped: { ...this.#dropped[i] },
    }));
    return { in: counts[0]!, out: counts.at(-1)!, steps };
  }

  async *documents(
    source: AsyncIterable<Document> | Iterable<Document>,
    droppedFile: string | undefined,
  ): AsyncGenerator<Document> {
    const file = droppedFile === undefined ? undefined : await JsonlFile.create(droppedFile);
    let finished = false;
    try {
      let stream = this.#counted(source, 0);
      for (const [i, step] of this.#steps.entries()) {
        stream = this.#counted(step.apply(stream, this.#context(i, file)), i + 1);
      }
      yield* stream;
      await file?.commit();
      finished = true;
    } finally {
      if (!finished) await file?.discard();
    }
  }

  async *#counted(documents: AsyncIterable<Document> | Iterable<Document>, place: number): AsyncGenerator<Document> {
    const count = this.#counts[place]!;
    for await (const document of documents) {
      if (typeof document?.text !== "string" || typeof document.id !== "string") {
        const where = place === 0 ? "the source" : `the step "${this.#steps[place - 1]!.name}"`;
        throw new DataError(`pipeline: ${where}: expected documents { id, text } of strings, got ${inspect(document)}`);
      }
      count.documents += 1;
      count.characters += document.text.length;
      yield document;
    }
  }

  #context(place: number, file: JsonlFile | undefined): StepContext {
    const { name } = this.#steps[place]!;
    const dropped = this.#dropped[place]!;
    return {
      drop: async (document, reason) => {
        dropped[reason] = (dropped[reason] ?? 0) + 1;
        const { id, text, metadata } = document;
        await file?.write({ ...metadata, id, text, step: name, reason });
      },
    };
  }
}

function inspect(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 100);
}
