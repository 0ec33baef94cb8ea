// The values of a JSON file, each cut out whole as it streams: those of one list, or values in a row (JSON lines among them).
import { FormatError } from "../errors.ts";

/** One value. */
export interface JsonValue {
  /** Its JSON, or undefined where it was longer than the limit. */
  readonly bytes: Buffer | undefined;
  /** Byte offset of its start in the decompressed file. */
  readonly offset: number;
  readonly length: number;
  /** It stands in a list that is the whole file. */
  readonly inList: boolean;
}

/** What is read, and from where. */
export interface JsonValuesOptions {
  readonly file: string;
  /** Longest value, in bytes. */
  readonly limit: number;
  /** Offset of the first chunk in the file, where a value starts. Default 0. */
  readonly start?: number;
  /** The value at `start` stands in a list. */
  readonly inList?: boolean;
}

const [quote, backslash, comma, openList, closeList, openObject, closeObject] = [
  0x22, 0x5c, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d,
];

/**
 * The values in order. Quotes and brackets alone tell where one ends, so that a malformed one in which they are in pairs
 * spoils only itself. Each byte is looked at once.
 * @throws FormatError for a file that ends within a value or its list, and for what stands where no value can.
 */
export async function* jsonValues(
  chunks: AsyncIterable<Buffer>,
  options: JsonValuesOptions,
): AsyncGenerator<JsonValue> {
  const scan = new Scan(options);
  for await (const chunk of chunks) yield* scan.push(chunk);
  yield* scan.end();
}

class Scan {
  readonly #options: JsonValuesOptions;
  /** Offset of the chunk at hand. */
  #chunkOffset: number;
  #inList: boolean;
  #isListClosed = false;
  #hasStarted: boolean;
  /** The value at hand, of which nothing is kept once it is longer than the limit. */
  #value: { readonly offset: number; pieces: Buffer[]; length: number } | undefined;
  /** Brackets of the value that are open. */
  #depth = 0;
  #inString = false;
  #isEscaped = false;

  constructor(options: JsonValuesOptions) {
    this.#options = options;
    this.#chunkOffset = options.start ?? 0;
    this.#inList = options.inList ?? false;
    this.#hasStarted = this.#chunkOffset > 0;
  }

  *push(chunk: Buffer): Generator<JsonValue> {
    const isMarked = !this.#hasStarted && chunk.readUIntBE(0, Math.min(3, chunk.length)) === 0xefbbbf;
    let from = 0;
    for (let at = isMarked ? 3 : 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (this.#value === undefined) {
        const offset = this.#chunkOffset + at;
        if (!this.#opensValue(byte, offset)) continue;
        this.#value = { offset, pieces: [], length: 0 };
        from = at;
      }
      if (this.#inString) {
        at = this.#passString(chunk, at);
        continue;
      }
      const closes = this.#closesValue(byte);
      if (closes === undefined) continue;
      yield this.#take(chunk.subarray(from, closes === "after" ? at + 1 : at));
      // What follows a number or a string is looked at again, as what stands between values.
      if (closes === "before") at -= 1;
    }
    if (this.#value) this.#keep(chunk.subarray(from));
    this.#chunkOffset += chunk.length;
  }

  *end(): Generator<JsonValue> {
    const isWhole = this.#depth === 0 && !this.#inString && (!this.#inList || this.#isListClosed);
    if (isWhole && this.#value) yield this.#take(Buffer.alloc(0));
    if (isWhole) return;
    const place = { file: this.#options.file, offset: this.#value?.offset ?? this.#chunkOffset };
    const within = this.#value ? "the value that begins here" : "its list";
    throw new FormatError(place, "truncated JSON", `the file ends within ${within} (copy or download it again)`);
  }

  /** True where `byte`, which stands between values, is the first one of a value. */
  #opensValue(byte: number, offset: number): boolean {
    if (byte <= 0x20) return false;
    const isFirst = !this.#hasStarted;
    this.#hasStarted = true;
    if (isFirst && byte === openList) {
      this.#inList = true;
      return false;
    }
    if (this.#inList && !this.#isListClosed && (byte === comma || byte === closeList)) {
      this.#isListClosed = byte === closeList;
      return false;
    }
    const isStray = byte === comma || byte === closeList || byte === closeObject;
    if (!isStray && !this.#isListClosed) return true;
    const detail = `expected ${this.#isListClosed ? "nothing behind the list" : "a value"}, got ${JSON.stringify(String.fromCharCode(byte))} (is it JSON?)`;
    throw new FormatError({ file: this.#options.file, offset }, "invalid JSON", detail);
  }

  /** Whether the value ends with `byte`, before it, or (undefined) goes on. */
  #closesValue(byte: number): "after" | "before" | undefined {
    if (byte === quote) this.#inString = true;
    else if (byte === openList || byte === openObject) this.#depth += 1;
    else if (this.#depth === 0) return byte <= 0x20 || byte === comma || byte === closeList ? "before" : undefined;
    else if (byte === closeList || byte === closeObject) {
      this.#depth -= 1;
      if (this.#depth === 0) return "after";
    }
    return undefined;
  }

  /** The place of the quote that ends the string in which `at` lies, or of the chunk's last byte. */
  #passString(chunk: Buffer, at: number): number {
    // The byte after a backslash that ended the chunk before says nothing.
    let from = this.#isEscaped ? at + 1 : at;
    this.#isEscaped = false;
    for (;;) {
      const found = chunk.indexOf(quote, from);
      const end = found === -1 ? chunk.length : found;
      let backslashes = 0;
      while (end - backslashes > from && chunk[end - backslashes - 1] === backslash) backslashes += 1;
      const isEscaped = backslashes % 2 === 1;
      if (found === -1) {
        this.#isEscaped = isEscaped;
        return chunk.length - 1;
      }
      if (!isEscaped) {
        this.#inString = false;
        return found;
      }
      from = found + 1;
    }
  }

  #keep(piece: Buffer): void {
    if (this.#value === undefined) return;
    this.#value.length += piece.length;
    if (this.#value.length > this.#options.limit) this.#value.pieces = [];
    else this.#value.pieces.push(piece);
  }

  #take(lastPiece: Buffer): JsonValue {
    this.#keep(lastPiece);
    const { offset, pieces, length } = this.#value as { offset: number; pieces: Buffer[]; length: number };
    this.#value = undefined;
    const bytes = length > this.#options.limit ? undefined : Buffer.concat(pieces);
    return { bytes, offset, length, inList: this.#inList };
  }
}
