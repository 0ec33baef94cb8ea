// The one loop of all generation. A decoder knows the model: it gives logits for rows of a batch. A strategy knows what is wanted: it
// says which rows go on, and with which token. Drawing tokens and beam search are strategies; with and without a cache are decoders.

/** Row r of the next step goes on from row `parents[r]` of this one with the token `ids[r]`. */
export interface NextRows {
  readonly parents: readonly number[];
  readonly ids: readonly number[];
}

export interface Decoder {
  /** Logits [vocabularySize] of the token after each prompt: a row a prompt. Comes first, once. */
  start(): Promise<Float32Array[]>;
  /** Logits [vocabularySize] of the token after each of the rows. */
  next(rows: NextRows): Promise<Float32Array[]>;
  /** Frees what it keeps for its rows. */
  dispose(): void;
}

export interface Strategy<E> {
  /** Takes the logits of the rows it named last (at first those of the prompts). Generation ends where it names no rows. */
  advance(rows: readonly Float32Array[]): { readonly events: readonly E[]; readonly next: NextRows };
}

/** Runs to the end, giving out what the strategy reports. Throws the reason of `signal` once that aborts. */
export async function* decode<E>(
  decoder: Decoder,
  strategy: Strategy<E>,
  signal: AbortSignal | undefined,
): AsyncGenerator<E, void> {
  try {
    signal?.throwIfAborted();
    let rows = await decoder.start();
    for (;;) {
      const { events, next } = strategy.advance(rows);
      yield* events;
      if (next.ids.length === 0) return;
      signal?.throwIfAborted();
      rows = await decoder.next(next);
    }
  } finally {
    decoder.dispose();
  }
}

/** logits [rows, vocabularySize] as one array a row */
export function splitRows(logits: Float32Array, rows: number): Float32Array[] {
  const size = logits.length / rows;
  return Array.from({ length: rows }, (_, row) => logits.subarray(row * size, (row + 1) * size));
}

/** Whether `rows` is 0, 1, …, count - 1. */
export function isCounting(rows: readonly number[], count: number): boolean {
  return rows.length === count && rows.every((row, i) => row === i);
}
