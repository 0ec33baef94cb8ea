import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fixture } from "../../test/sourceFixtures.ts";
import { Bzip2Decoder } from "./bzip2.ts";
import { CompressionError } from "./decompression.ts";

const dump = readFileSync(fixture("dewiki-20240101-pages-articles-multistream.xml.bz2"));
const cases = JSON.parse(readFileSync(fixture("bzip2.json"), "utf8")) as {
  readonly name: string;
  readonly bzip2: string;
  /** The text, as a piece that is repeated. */
  readonly piece: string;
  readonly times: number;
}[];

function decode(bytes: Buffer, chunkBytes = bytes.length): Buffer {
  const decoder = new Bzip2Decoder({ onProduced: () => {} });
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    pieces.push(...decoder.push(bytes.subarray(start, start + chunkBytes)));
  }
  return Buffer.concat([...pieces, ...decoder.end()]);
}

function decodedOrFault(bytes: Buffer): string | undefined {
  try {
    return decode(bytes).toString("latin1");
  } catch (error) {
    expect(error).toBeInstanceOf(CompressionError);
    return undefined;
  }
}

describe("bzip2", () => {
  it.each(cases)("gives what Python's bz2 was given: $name", ({ bzip2, piece, times }) => {
    const expected = Buffer.from(piece, "base64").toString("latin1").repeat(times);
    // Compared as a whole: a difference in megabytes would be printed.
    expect(decode(Buffer.from(bzip2, "base64")).toString("latin1") === expected).toBe(true);
  });

  it("gives the same however the bytes are cut", () => {
    const whole = decode(dump).toString("utf8");
    expect(whole).toContain("</mediawiki>");
    for (const size of [1, 7, 100, 1000]) expect(decode(dump, size).toString("utf8")).toBe(whole);
  });

  it("gives nothing for nothing, and passes over bytes behind the last stream as bzip2 does", () => {
    expect(decode(Buffer.alloc(0), 1)).toHaveLength(0);
    const tail = Buffer.concat([dump, Buffer.from("\0\0\0padding")]);
    expect(decode(tail).equals(decode(dump))).toBe(true);
  });

  it("finds every cut, and flipped bits", () => {
    const [head] = dump.toString("latin1").split("BZh9").slice(1);
    const stream = Buffer.from(`BZh9${head}`, "latin1");
    expect(decode(stream).length).toBeGreaterThan(100);
    for (let length = 1; length < stream.length; length += 1) {
      expect(() => decode(stream.subarray(0, length)), `cut at ${length}`).toThrow(/ends too early|no bzip2 stream/);
    }
    const whole = decode(stream).toString("latin1");
    let harmless = 0;
    for (let bit = 0; bit < stream.length * 8; bit += 5) {
      const damaged = Buffer.from(stream);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (0x80 >> (bit & 7));
      // A few bits say nothing: the largest size of a block, or the length of a code that is not used.
      const text = decodedOrFault(damaged);
      if (text === undefined) continue;
      harmless += 1;
      expect(text === whole, `bit ${bit}`).toBe(true);
    }
    expect(harmless).toBeLessThan(stream.length / 10);
  });
});
