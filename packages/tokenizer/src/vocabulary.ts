// The tokens of a byte-level model: their bytes, their ids, and their spelling in the byte alphabet.
import { byteOfUnit, spellBytes } from "./byteAlphabet.ts";
import { hashUnits, WordTable } from "./wordTable.ts";

const encoder = new TextEncoder();

/** Maps the bytes of tokens to ids and back. Tokens that the byte alphabet cannot spell are kept apart, by their text. */
export class Vocabulary {
  #table = new WordTable();
  #idOfEntry: number[] = [];
  #entryOfId: number[] = [];
  #literals = new Map<string, number>();
  #literalOfId = new Map<number, string>();
  #scratch = new Uint16Array(256);

  /** One more than the highest id. */
  get size(): number {
    return this.#entryOfId.length;
  }

  /** Adds a token as `tokenizer.json` spells it. */
  addToken(token: string, id: number): void {
    const length = this.#spelled(token);
    if (length >= 0) {
      this.addBytes(this.#scratch.subarray(0, length), id);
      return;
    }
    this.#literals.set(token, id);
    this.#literalOfId.set(id, token);
    this.#place(id, -1);
  }

  /** Adds a token by its bytes, one byte for each element. */
  addBytes(bytes: Uint16Array, id: number): void {
    const hash = hashUnits(bytes, 0, bytes.length);
    let entry = this.#table.find(bytes, 0, bytes.length, hash);
    if (entry < 0) entry = this.#table.add(bytes, 0, bytes.length, hash);
    this.#idOfEntry[entry] = id;
    this.#place(id, entry);
  }

  /** The id of the token with the bytes `bytes[start, end)`, or -1. */
  idOfBytes(bytes: Uint16Array, start: number, end: number): number {
    const entry = this.#table.find(bytes, start, end, hashUnits(bytes, start, end));
    return entry < 0 ? -1 : this.#idOfEntry[entry]!;
  }

  /** The bytes of a token, one byte for each element; undefined for an id that is none. */
  bytesOf(id: number): Uint16Array | Uint8Array | undefined {
    const entry = this.#entryOfId[id];
    if (entry === undefined) return undefined;
    if (entry >= 0) return this.#table.units.subarray(this.#table.start(entry), this.#table.end(entry));
    const literal = this.#literalOfId.get(id);
    return literal === undefined ? undefined : encoder.encode(literal);
  }

  tokenToId(token: string): number | undefined {
    const length = this.#spelled(token);
    if (length < 0) return this.#literals.get(token);
    const id = this.idOfBytes(this.#scratch, 0, length);
    return id < 0 ? undefined : id;
  }

  idToToken(id: number): string | undefined {
    const literal = this.#literalOfId.get(id);
    if (literal !== undefined) return literal;
    const bytes = this.bytesOf(id);
    return bytes && spellBytes(bytes);
  }

  #place(id: number, entry: number): void {
    while (this.#entryOfId.length < id) this.#entryOfId.push(undefined as unknown as number);
    this.#entryOfId[id] = entry;
  }

  /** Writes the bytes that `token` spells to the scratch array; returns how many, or -1 if it cannot be spelled. */
  #spelled(token: string): number {
    if (token.length > this.#scratch.length) this.#scratch = new Uint16Array(token.length * 2);
    for (let i = 0; i < token.length; i++) {
      const byte = byteOfUnit(token.charCodeAt(i));
      if (byte < 0) return -1;
      this.#scratch[i] = byte;
    }
    return token.length;
  }
}
