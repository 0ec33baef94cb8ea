// Reads the values of a binary file one after the other, and says where the file is too short.
import { FormatError } from "../errors.ts";

/** Reads values one after the other. */
export class ByteCursor {
  readonly bytes: Buffer;
  readonly file: string;
  at = 0;

  constructor(bytes: Buffer, file: string) {
    this.bytes = bytes;
    this.file = file;
  }

  take(length: number): number {
    if (length < 0 || this.at + length > this.bytes.length) {
      this.fail(`expected ${length} more bytes, ${this.bytes.length - this.at} are left (fetch the file again)`);
    }
    const start = this.at;
    this.at += length;
    return start;
  }

  byte = (): number => this.bytes.readUInt8(this.take(1));
  int32 = (): number => this.bytes.readInt32LE(this.take(4));
  int64 = (): number => Number(this.bytes.readBigInt64LE(this.take(8)));

  floats(count: number): Float32Array {
    const start = this.take(count * 4);
    return new Float32Array(this.bytes.buffer.slice(this.bytes.byteOffset + start, this.bytes.byteOffset + this.at));
  }

  text(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) this.fail("expected the end of a word (fetch the file again)");
    const text = this.bytes.toString("utf8", this.at, end);
    this.at = end + 1;
    return text;
  }

  fail(detail: string): never {
    throw new FormatError({ file: this.file, offset: this.at }, "not a whole fastText model", detail);
  }
}
