// Cuts a stream of byte chunks into lines, touching each byte a fixed number of times however long a line is.
const lineFeed = 10;
const carriageReturn = 13;

/** One line without its line end. */
export interface Line {
  /** The line's bytes, or undefined where it was longer than the limit. */
  readonly bytes: Buffer | undefined;
  /** Line number in the file, from 1. */
  readonly number: number;
  /** Byte offset of the line's start. */
  readonly offset: number;
  /** Bytes of the line, also where they were not kept. */
  readonly length: number;
}

/** Takes chunks in order and gives the lines that each one completes. Lines above `maxBytes` are measured, not kept. */
export class LineSplitter {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #length = 0;
  #offset: number;
  #number: number;

  /** @param start place of the first chunk's first line, where it is not the file's. */
  constructor(maxBytes: number, start: Pick<Line, "offset" | "number"> = { offset: 0, number: 1 }) {
    this.#maxBytes = maxBytes;
    this.#offset = start.offset;
    this.#number = start.number;
  }

  /** The lines that end in `chunk`. */
  *push(chunk: Buffer): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      this.#keep(chunk.subarray(start, end));
      yield this.#take(1);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** The last line, where the file does not end in a line feed. */
  *end(): Generator<Line> {
    if (this.#length > 0) yield this.#take(0);
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > this.#maxBytes) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  #take(lineEndBytes: number): Line {
    const [first] = this.#pieces;
    let bytes = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces);
    if (bytes.at(-1) === carriageReturn) bytes = bytes.subarray(0, -1);
    const line: Line = {
      bytes: this.#length > this.#maxBytes ? undefined : bytes,
      number: this.#number,
      offset: this.#offset,
      length: this.#length,
    };
    this.#offset += this.#length + lineEndBytes;
    this.#number += 1;
    this.#length = 0;
    this.#pieces = [];
    return line;
  }
}
