import { readFileSync, symlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { collect, TemporaryFolder } from "../test/temporaryFolder.ts";
import { deduplicate } from "./deduplicate.ts";
import type { Step } from "./document.ts";
import { filterLength } from "./filterLength.ts";
import { normalize } from "./normalize.ts";
import { pipeline } from "./pipeline.ts";
import { readDocuments } from "./readDocuments.ts";

const texts = ["a long enough text ", "short", "a long enough text", "", "another long text"];
const documents = texts.map((text, i) => ({ id: `d${i}`, text, metadata: { place: i } }));
const steps = [normalize(), deduplicate(), filterLength({ minCharacters: 10, maxCharacters: 100 })];

describe("pipeline", () => {
  it("counts what each step lets through", async () => {
    const run = pipeline(documents, steps);
    expect((await collect(run.documents)).map(({ id }) => id)).toEqual(["d0", "d4"]);
    expect(run.report()).toEqual({
      in: { documents: 5, characters: 59 },
      out: { documents: 2, characters: 35 },
      steps: [
        {
          name: "normalize",
          in: { documents: 5, characters: 59 },
          out: { documents: 4, characters: 58 },
          dropped: { empty: 1 },
        },
        {
          name: "deduplicate",
          in: { documents: 4, characters: 58 },
          out: { documents: 3, characters: 40 },
          dropped: { duplicate: 1 },
        },
        {
          name: "filterLength",
          in: { documents: 3, characters: 40 },
          out: { documents: 2, characters: 35 },
          dropped: { "too short": 1 },
        },
      ],
    });
  });

  it("writes what was dropped and why, when the run is over", async () => {
    const folder = new TemporaryFolder();
    for (const name of ["dropped.jsonl", "dropped.jsonl.gz"]) {
      await collect(pipeline(documents, steps, { droppedFile: folder.join(name) }).documents);
      const dropped = await collect(readDocuments(folder.join(name)));
      expect(dropped).toEqual([
        { id: "d1", text: "short", metadata: { place: 1, step: "filterLength", reason: "too short" } },
        { id: "d2", text: "a long enough text", metadata: { place: 2, step: "deduplicate", reason: "duplicate" } },
        { id: "d3", text: "", metadata: { place: 3, step: "normalize", reason: "empty" } },
      ]);
    }
    expect(folder.files()).toEqual(["dropped.jsonl", "dropped.jsonl.gz"]);
  });

  it("leaves no dropped file, and the former one whole, when the run stops early or fails", async () => {
    const folder = new TemporaryFolder();
    const droppedFile = folder.write("dropped.jsonl", "former");
    for await (const _ of pipeline(documents, steps, { droppedFile }).documents) break;
    const failing: Step = {
      name: "failing",
      // biome-ignore lint/correctness/useYield: it fails before its first document.
      async *apply() {
        throw new Error("step failed");
      },
    };
    await expect(collect(pipeline(documents, [failing], { droppedFile }).documents)).rejects.toThrow("step failed");
    expect(folder.files()).toEqual(["dropped.jsonl"]);
    expect(readFileSync(droppedFile, "utf8")).toBe("former");
  });

  it.skipIf(process.platform !== "linux")("names the dropped file when the disk is full", async () => {
    const folder = new TemporaryFolder();
    symlinkSync("/dev/full", folder.join("dropped.jsonl.partial"));
    const run = pipeline(documents, steps, { droppedFile: folder.join("dropped.jsonl") });
    await expect(collect(run.documents)).rejects.toThrow(/dropped\.jsonl: could not be written: ENOSPC.*free space/);
    expect(folder.files()).toEqual([]);
  });

  it("passes the source's report on", async () => {
    const folder = new TemporaryFolder();
    const run = pipeline(readDocuments(folder.write("a.txt", "text")), []);
    await collect(run.documents);
    expect(run.report().source).toMatchObject({ files: 1, documents: 1 });
  });

  it("holds the source back to the consumer's pace", async () => {
    let made = 0;
    function* source() {
      for (made = 1; made <= 1000; made++) yield { id: String(made), text: "a text that is long enough" };
    }
    for await (const _ of pipeline(source(), [normalize()]).documents) break;
    expect(made).toBeLessThanOrEqual(2);
  });

  it("refuses what is not a document, naming where it came from", async () => {
    const broken = [{ id: "1", content: "x" }] as unknown as typeof documents;
    await expect(collect(pipeline(broken, []).documents)).rejects.toThrow(
      'pipeline: the source: expected documents { id, text } of strings, got {"id":"1","content":"x"}',
    );
  });
});

describe("filterLength", () => {
  it("refuses limits that leave nothing", () => {
    expect(() => filterLength({ minCharacters: 5, maxCharacters: 4 })).toThrow("got 5 and 4");
  });
});
