import { describe, expect, it } from "vitest";
import { collect } from "../test/temporaryFolder.ts";
import { deduplicate } from "./deduplicate.ts";
import { DigestSet } from "./digestSet.ts";
import { pipeline } from "./pipeline.ts";

describe("deduplicate", () => {
  it("keeps the first of equal texts", async () => {
    const documents = ["a", "b", "a", "A", "b"].map((text, i) => ({ id: String(i), text }));
    const run = pipeline(documents, [deduplicate()]);
    expect((await collect(run.documents)).map(({ id }) => id)).toEqual(["0", "1", "3"]);
    expect(run.report().steps[0]?.dropped).toEqual({ duplicate: 2 });
  });

  it("compares by a key where one is given", async () => {
    const documents = ["a", "A", "b"].map((text, i) => ({ id: String(i), text }));
    const run = pipeline(documents, [deduplicate({ key: ({ text }) => text.toLowerCase() })]);
    expect((await collect(run.documents)).map(({ id }) => id)).toEqual(["0", "2"]);
  });

  it("starts afresh in each run", async () => {
    const run = pipeline([{ id: "1", text: "a" }], [deduplicate()]);
    expect(await collect(run.documents)).toHaveLength(1);
    expect(await collect(run.documents)).toHaveLength(1);
  });
});

describe("DigestSet", () => {
  it("agrees with Set while it grows", () => {
    const digests = new DigestSet();
    const plain = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const text = String((i * 7919) % 12_345);
      expect(digests.add(text)).toBe(!plain.has(text));
      plain.add(text);
    }
    expect(digests.size).toBe(plain.size);
  });
});
