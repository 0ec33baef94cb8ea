import { expect, it } from "vitest";
import { evaluationTable } from "./evaluationTable.ts";
import { languageModelScore } from "./score.ts";

it("aligns scores and leaves empty what a row does not have", () => {
  const table = evaluationTable([
    { name: "uniform", ...languageModelScore(100 * Math.log(4096), 100, 400) },
    { name: "GPT", ...languageModelScore(100 * Math.log(40), 100, 400) },
    { name: "gzip -9", bitsPerByte: 2.75 },
  ]);
  expect(table.text.split("\n")).toEqual([
    "model    perplexity  bits/token  bits/byte",
    "uniform        4096      12.000      3.000",
    "GPT           40.00       5.322      1.330",
    "gzip -9                              2.750",
  ]);
  expect(JSON.parse(JSON.stringify(table)).rows[2]).toEqual({ name: "gzip -9", bitsPerByte: 2.75 });
});

it("leaves out a column without values", () => {
  const { columns, text } = evaluationTable([{ name: "GPT", ...languageModelScore(10, 10, undefined) }]);
  expect(columns.map(({ key }) => key)).toEqual(["name", "perplexity", "bitsPerToken"]);
  expect(text).not.toContain("byte");
});
