import { expect, it } from "vitest";
import { failure, fixture, readAll } from "../../test/sourceFixtures.ts";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";

it("reads zstd JSON lines and tells each document's subset", async () => {
  const { documents, report } = await readAll(fixture("pile.jsonl.zst"), { format: "pile" });
  expect(documents).toHaveLength(40);
  expect(documents.slice(0, 5).map(({ metadata }) => metadata?.subset)).toEqual([
    "Pile-CC",
    "ArXiv",
    "Github",
    "ArXiv",
    "Wikipedia (en)",
  ]);
  expect(report.bytesRead).toBe(report.totalBytes);
});

it("takes the subsets asked for", async () => {
  const { documents } = await readAll(fixture("pile.jsonl.zst"), { format: "pile", pileSubsets: ["ArXiv", "Github"] });
  expect(documents).toHaveLength(24);
  expect(new Set(documents.map(({ metadata }) => metadata?.subset))).toEqual(new Set(["ArXiv", "Github"]));
});

it("refuses subsets that The Pile does not have, and records that are not of it", async () => {
  const wrong = { format: "pile", pileSubsets: ["Arxiv"] } as const;
  await expect(readAll(fixture("pile.jsonl.zst"), wrong)).rejects.toThrow(
    /pileSubsets: expected names among ArXiv, .*got "Arxiv"/,
  );
  const path = new TemporaryFolder().write("a.jsonl", '{"text":"a"}\n{"text":"b","meta":{"pile_set_name":"ArXiv"}}\n');
  expect((await failure(path, { format: "pile" })).message).toMatch(
    /no subset: expected .*meta\.pile_set_name.*a\.jsonl:1/,
  );
  const { documents, report } = await readAll(path, { format: "pile", badInput: "skip" });
  expect(documents.map(({ text }) => text)).toEqual(["b"]);
  expect(report.skipped).toEqual({ "no subset": 1 });
});
