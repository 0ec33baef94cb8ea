import { expect, test } from "vitest";
import { sizeProblems } from "./checkFileSize.ts";

test("500 lines pass, one more fails", () => {
  expect(sizeProblems([{ path: "a.ts", lines: 500 }])).toEqual([]);
  expect(sizeProblems([{ path: "a.ts", lines: 501 }])).toEqual([
    "a.ts: 501 lines, the limit is 500 (split it by what it holds)",
  ]);
});
