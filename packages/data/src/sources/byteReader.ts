// Takes lines and counted bytes from a stream of chunks, for formats that say how long what follows is.
const lineFeed = 10;

/** A cursor over a stream of bytes. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #offset: number;

  /** @param start offset of the first chunk. */
  constructor(chunks: AsyncIterable<Buffer>, start = 0) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#offset = start;
  }

  /** Offset of the next byte. */
  get offset(): number {
    return this.#offset;
  }

  /** The next byte, which stays where it is; undefined at the end of the stream. */
  async peek(): Promise<number | undefined> {
    while (this.#rest.length === 0) if (!(await this.#more())) return undefined;
    return this.#rest[0];
  }

  /** The next line without its line end; undefined at the end of the stream, or when it is longer than `maxBytes`. */
  async line(maxBytes: number): Promise<Buffer | undefined> {
    let searched = 0;
    for (;;) {
      const end = this.#rest.indexOf(lineFeed, searched);
      if (end !== -1) {
        const line = this.#take(end + 1).subarray(0, -1);
        return line.at(-1) === 13 ? line.subarray(0, -1) : line;
      }
      searched = this.#rest.length;
      if (searched > maxBytes) return undefined;
      if (!(await this.#more())) return searched === 0 ? undefined : this.#take(searched);
    }
  }

  /** The next `length` bytes, fewer at the end of the stream. */
  async bytes(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.#pieces(length)) pieces.push(piece);
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  }

  /** What is at hand, at least 1 and at most `maxBytes` bytes, which stay where they are; undefined at the end of the stream. */
  async look(maxBytes: number): Promise<Buffer | undefined> {
    return (await this.peek()) === undefined ? undefined : this.#rest.subarray(0, maxBytes);
  }

  /** Passes over `length` bytes and returns how many there were. */
  async skip(length: number): Promise<number> {
    let skipped = 0;
    for await (const piece of this.#pieces(length)) skipped += piece.length;
    return skipped;
  }

  /** Gives the stream back; needed where it was not read to its end. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async *#pieces(length: number): AsyncGenerator<Buffer> {
    let missing = length;
    while (missing > 0 && (this.#rest.length > 0 || (await this.#more()))) {
      const piece = this.#take(Math.min(missing, this.#rest.length));
      missing -= piece.length;
      yield piece;
    }
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    this.#offset += length;
    return taken;
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done) return false;
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
    return true;
  }
}
