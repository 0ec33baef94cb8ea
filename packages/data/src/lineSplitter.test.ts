import { describe, expect, it } from "vitest";
import { LineSplitter } from "./lineSplitter.ts";

function split(chunks: readonly string[], maxBytes = 1000) {
  const splitter = new LineSplitter(maxBytes);
  const lines = chunks.flatMap((chunk) => [...splitter.push(Buffer.from(chunk))]);
  return [...lines, ...splitter.end()].map((line) => ({ ...line, bytes: line.bytes?.toString() }));
}

describe("LineSplitter", () => {
  it("gives the same lines however the bytes are cut into chunks", () => {
    const text = "one\r\n\ntwo three\nfour";
    const whole = split([text]);
    expect(whole).toEqual([
      { bytes: "one", number: 1, offset: 0, length: 4 },
      { bytes: "", number: 2, offset: 5, length: 0 },
      { bytes: "two three", number: 3, offset: 6, length: 9 },
      { bytes: "four", number: 4, offset: 16, length: 4 },
    ]);
    for (let size = 1; size <= text.length; size++) {
      const chunks = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
      expect(split(chunks)).toEqual(whole);
    }
  });

  it("measures a line above the limit without keeping it, and goes on after it", () => {
    const lines = split(["abc\n123", "456", "789\nxyz\n"], 5);
    expect(lines.map(({ bytes }) => bytes)).toEqual(["abc", undefined, "xyz"]);
    expect(lines[1]).toMatchObject({ length: 9, offset: 4, number: 2 });
    expect(lines[2]?.offset).toBe(14);
  });

  it("keeps a line of many chunks in pieces until it ends", () => {
    const chunk = Buffer.alloc(1024, "x");
    const splitter = new LineSplitter(1 << 30);
    for (let i = 0; i < 64 * 1024; i++) expect([...splitter.push(chunk)]).toEqual([]);
    const [line] = [...splitter.push(Buffer.from("\n"))];
    expect(line?.bytes?.length).toBe(64 << 20);
  });
});
