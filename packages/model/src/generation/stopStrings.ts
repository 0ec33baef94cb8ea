// Ends a text at the first stop string, however the text is cut into pieces.

/**
 * Lets text through up to the first stop string to be complete. What could be the beginning of one is held back until it
 * is clear, so a stop string that spans tokens never shows in part.
 */
export class StopScanner {
  readonly #stops: readonly string[];
  #held = "";
  #stopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** Whether a stop string was found; nothing comes through any more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** The part of the text so far that is certain to come before any stop string, and was not given out yet. */
  push(text: string): string {
    if (this.#stopped) return "";
    const all = this.#held + text;
    const cut = this.#firstStop(all);
    if (cut !== undefined) {
      this.#stopped = true;
      this.#held = "";
      return all.slice(0, cut);
    }
    const safe = all.length - this.#heldLength(all);
    this.#held = all.slice(safe);
    return all.slice(0, safe);
  }

  /** What was held back, now that nothing more comes. */
  end(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }

  /** Where the stop string begins that is complete first (the longest of those): independent of how the text is cut. */
  #firstStop(text: string): number | undefined {
    let found: { start: number; end: number } | undefined;
    for (const stop of this.#stops) {
      const start = text.indexOf(stop);
      if (start < 0) continue;
      const end = start + stop.length;
      if (!found || end < found.end || (end === found.end && start < found.start)) found = { start, end };
    }
    return found?.start;
  }

  #heldLength(text: string): number {
    const longest = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const tail = text.slice(-length);
      if (this.#stops.some((stop) => stop.startsWith(tail))) return length;
    }
    return 0;
  }
}
