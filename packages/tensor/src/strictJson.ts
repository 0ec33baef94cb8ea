// A JSON reader for file headers that must be read alike everywhere: it keeps what JSON.parse drops (duplicate keys,
// the difference between 1 and 1.0, integers above 2^53), so that no two readers see different things in one file.
import { FormatError } from "./errors.ts";

/** Parsed JSON. A `bigint` is a number written as an unsigned integer of at most 64 bits; every other number is a `number`. */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject;

/** Keys in the order of the text. A Map, because an object would reorder keys such as "10" and treat "__proto__" apart. */
export type JsonObject = ReadonlyMap<string, JsonValue>;

// The depth at which serde_json, and with it the reference safetensors library, gives up.
const maximumDepth = 127;
const largestUint64 = 2n ** 64n - 1n;
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const unsignedPattern = /^\d{1,20}$/;
const loneSurrogate = /\p{Surrogate}/u;
const keywords: readonly (readonly [string, JsonValue])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/**
 * Parses RFC 8259 text. `where` opens every error message.
 *
 * @throws {FormatError} on a syntax error, a duplicate key, a lone surrogate, a number beyond float64, or more than 127 levels.
 */
export function parseStrictJson(text: string, where: string): JsonValue {
  const reader = new JsonReader(text, where);
  const value = reader.value(0);
  reader.end();
  return value;
}

class JsonReader {
  private readonly text: string;
  private readonly where: string;
  private position = 0;

  constructor(text: string, where: string) {
    this.text = text;
    this.where = where;
  }

  value(depth: number): JsonValue {
    this.skipSpace();
    const character = this.text[this.position];
    if (character === "{" || character === "[") {
      if (depth === maximumDepth) this.fail(`expected at most ${maximumDepth} nested levels`);
      return character === "{" ? this.object(depth + 1) : this.array(depth + 1);
    }
    if (character === '"') return this.string();
    for (const [word, value] of keywords) {
      if (this.text.startsWith(word, this.position)) {
        this.position += word.length;
        return value;
      }
    }
    return this.number();
  }

  end(): void {
    this.skipSpace();
    if (this.position < this.text.length) this.fail("expected nothing after the JSON value");
  }

  private object(depth: number): JsonObject {
    const entries = new Map<string, JsonValue>();
    this.position++;
    if (this.take("}")) return entries;
    do {
      this.skipSpace();
      if (this.text[this.position] !== '"') this.fail("expected a key in quotes");
      const key = this.string();
      if (entries.has(key)) this.fail(`duplicate key ${JSON.stringify(key)}`);
      if (!this.take(":")) this.fail("expected ':'");
      entries.set(key, this.value(depth));
    } while (this.take(","));
    if (!this.take("}")) this.fail("expected ',' or '}'");
    return entries;
  }

  private array(depth: number): JsonValue[] {
    const values: JsonValue[] = [];
    this.position++;
    if (this.take("]")) return values;
    do values.push(this.value(depth));
    while (this.take(","));
    if (!this.take("]")) this.fail("expected ',' or ']'");
    return values;
  }

  private string(): string {
    const start = this.position;
    let end = this.text.indexOf('"', start + 1);
    while (end !== -1 && this.isEscaped(end)) end = this.text.indexOf('"', end + 1);
    if (end === -1) this.fail("a string is not closed");
    let value: string;
    try {
      value = JSON.parse(this.text.slice(start, end + 1));
    } catch {
      return this.fail("a string holds a bad escape or a control character");
    }
    if (loneSurrogate.test(value)) this.fail("a string holds half of a surrogate pair");
    this.position = end + 1;
    return value;
  }

  private isEscaped(quote: number): boolean {
    let backslash = quote - 1;
    while (this.text[backslash] === "\\") backslash--;
    return (quote - backslash) % 2 === 0;
  }

  private number(): number | bigint {
    numberPattern.lastIndex = this.position;
    const digits = numberPattern.exec(this.text)?.[0];
    if (digits === undefined) return this.fail("expected a JSON value");
    const value = Number(digits);
    if (!Number.isFinite(value)) this.fail("a number is beyond float64");
    this.position += digits.length;
    if (!unsignedPattern.test(digits)) return value;
    const exact = BigInt(digits);
    return exact <= largestUint64 ? exact : value;
  }

  private take(character: string): boolean {
    this.skipSpace();
    if (this.text[this.position] !== character) return false;
    this.position++;
    return true;
  }

  private skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.position);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.position++;
    }
  }

  private fail(problem: string): never {
    throw new FormatError(`${this.where}: not valid JSON at character ${this.position}: ${problem}`);
  }
}
