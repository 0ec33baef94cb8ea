// The compiled programs of a function by signature, as many as fit: the one unused for longest goes first.
import type { Executable } from "./executors/executor.ts";

interface CacheEntry<C> {
  readonly compiled: Promise<C>;
  /** Calls under way; a program that was dropped is freed after the last of them. */
  running: number;
  dropped: boolean;
}

export class SignatureCache<C extends { readonly executable: Executable }> {
  readonly #entries = new Map<string, CacheEntry<C>>();
  readonly #maximum: number;

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Calls `use` with what `prepare` made for the signature, now or before; it is not freed until that call has ended. */
  async use<R>(signature: string, prepare: () => Promise<C>, use: (compiled: C) => Promise<R>): Promise<R> {
    const entry = this.#lookUp(signature, prepare);
    entry.running++;
    try {
      return await use(await entry.compiled);
    } finally {
      entry.running--;
      disposeIfUnused(entry);
    }
  }

  clear(): void {
    for (const [signature, entry] of this.#entries) this.#drop(signature, entry);
  }

  #lookUp(signature: string, prepare: () => Promise<C>): CacheEntry<C> {
    const known = this.#entries.get(signature);
    const entry = known ?? { compiled: prepare(), running: 0, dropped: false };
    // Back in at the end: the first is the one unused for longest.
    if (known) this.#entries.delete(signature);
    else entry.compiled.catch(() => this.#entries.get(signature) === entry && this.#entries.delete(signature));
    this.#entries.set(signature, entry);
    for (const [oldest, old] of this.#entries) {
      if (this.#entries.size <= this.#maximum) break;
      this.#drop(oldest, old);
    }
    return entry;
  }

  #drop(signature: string, entry: CacheEntry<C>): void {
    this.#entries.delete(signature);
    entry.dropped = true;
    disposeIfUnused(entry);
  }
}

function disposeIfUnused<C extends { readonly executable: Executable }>(entry: CacheEntry<C>): void {
  if (!entry.dropped || entry.running > 0) return;
  // A compilation that failed left nothing to free.
  entry.compiled.then(({ executable }) => executable.dispose()).catch(() => {});
}
