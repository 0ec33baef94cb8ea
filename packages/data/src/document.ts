// What flows through a pipeline: documents, and the steps that turn a stream of them into another.

/** One text with a name. Steps never change a document in place: they hand on a new one. */
export interface Document {
  /** Unique within its source: the file's path, with a line or piece number where a file holds several. */
  readonly id: string;
  readonly text: string;
  /** Further fields of the record it came from. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What the pipeline lends to a step while it runs. */
export interface StepContext {
  /**
   * Counts `document` as dropped for `reason` and, where the pipeline keeps one, writes it to the file of dropped
   * documents. Await it: it holds the step back while the disk is slower.
   */
  drop(document: Document, reason: string): Promise<void>;
}

/** A step of a pipeline: documents in, documents out. `apply` starts afresh each time it is called. */
export interface Step {
  /** The name under which the report counts it. */
  readonly name: string;
  apply(documents: AsyncIterable<Document>, context: StepContext): AsyncIterable<Document>;
}
