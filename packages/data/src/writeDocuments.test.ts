import { describe, expect, it } from "vitest";
import { collect, TemporaryFolder } from "../test/temporaryFolder.ts";
import { readDocuments } from "./readDocuments.ts";
import { writeDocuments } from "./writeDocuments.ts";

describe("writeDocuments", () => {
  it("writes what readDocuments reads back, plain and gzip, of any size", async () => {
    const folder = new TemporaryFolder();
    const documents = Array.from({ length: 3000 }, (_, i) => ({
      id: `d${i}`,
      text: `line one\nline ${i} é日😀 ${"x".repeat(i % 2000)}`,
      metadata: { number: i },
    }));
    for (const name of ["a.jsonl", "b.jsonl.gz"]) {
      expect(await writeDocuments(documents, folder.join(name))).toBe(3000);
      expect(await collect(readDocuments(folder.join(name)))).toEqual(documents);
    }
  });

  it("leaves nothing when stopped", async () => {
    const folder = new TemporaryFolder();
    const signal = AbortSignal.abort(new Error("stop here"));
    const written = writeDocuments([{ id: "1", text: "x" }], folder.join("a.jsonl"), { signal });
    await expect(written).rejects.toThrow("stop here");
    expect(folder.files()).toEqual([]);
  });

  it("names a folder that cannot be made", async () => {
    const folder = new TemporaryFolder();
    const inFile = `${folder.write("file", "")}/a.jsonl`;
    await expect(writeDocuments([], inFile)).rejects.toThrow(/file\/a\.jsonl: could not be written: E/);
  });
});
