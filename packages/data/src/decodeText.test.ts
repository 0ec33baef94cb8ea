import { isUtf8 } from "node:buffer";
import { describe, expect, it } from "vitest";
import { decodeText } from "./decodeText.ts";
import { FormatError } from "./errors.ts";

function faultOffset(bytes: Buffer): number | undefined {
  try {
    decodeText(bytes, { file: "f", offset: 100 }, false);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return (error as FormatError).place.offset! - 100;
  }
}

/** The length of the longest prefix that is valid. */
function validPrefix(bytes: Buffer): number {
  let length = 0;
  for (let end = 1; end <= bytes.length; end++) if (isUtf8(bytes.subarray(0, end))) length = end;
  return length;
}

describe("decodeText", () => {
  it("names the first byte that does not go on the valid text", () => {
    const pieces = ["a", "é", "日", "😀", "\x80", "\xc3", "\xe2\x82", "\xf0\x9f", "\xff", "\xed\xa0\x80"];
    const encoded = pieces.map((piece, i) => Buffer.from(piece, i < 4 ? "utf8" : "latin1"));
    let state = 3;
    for (let round = 0; round < 500; round++) {
      const parts = Array.from({ length: 12 }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        // Mostly valid pieces, so that the fault lies anywhere.
        return encoded[state >>> 28 < 14 ? (state >>> 20) % 4 : (state >>> 20) % 10]!;
      });
      const bytes = Buffer.concat(parts);
      expect(faultOffset(bytes)).toBe(isUtf8(bytes) ? undefined : validPrefix(bytes));
    }
  });

  it("finds a fault after and across whole blocks", () => {
    for (const length of [4093, 4094, 4095, 4096, 4097, 8192, 100_000]) {
      const valid = Buffer.from("日".repeat(Math.ceil(length / 3)));
      expect(faultOffset(Buffer.concat([valid, Buffer.of(0xe6, 0x97)]))).toBe(valid.length);
      expect(faultOffset(Buffer.concat([valid, Buffer.of(0xff), valid]))).toBe(valid.length);
      expect(faultOffset(valid)).toBeUndefined();
    }
  });

  it("counts a byte order mark in the place but leaves it out of the text", () => {
    const mark = Buffer.of(0xef, 0xbb, 0xbf);
    expect(faultOffset(Buffer.concat([mark, Buffer.of(0x61, 0xff)]))).toBe(4);
    expect(decodeText(Buffer.concat([mark, Buffer.from("a")]), { file: "f" }, false)).toEqual({
      text: "a",
      replaced: false,
    });
  });
});
