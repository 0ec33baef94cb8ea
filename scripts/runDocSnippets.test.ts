import { expect, test } from "vitest";
import type { Snippet } from "./docSnippets.ts";
import { runDocSnippets } from "./runDocSnippets.ts";

function snippet(line: number, code: string, runs = true): Snippet {
  return { path: "docs/page.md", line, code, runs };
}

test("an example that runs is no problem, one marked no-run is not run", async () => {
  const code = 'import { writeFileSync } from "node:fs";\nwriteFileSync("in-its-own-folder.txt", "");\n';
  const { problems, summary } = await runDocSnippets([
    snippet(3, code),
    snippet(9, 'throw new Error("not run");\n', false),
  ]);
  expect(problems).toEqual([]);
  expect(summary).toBe("1 examples run, 1 only type-checked");
});

test("an example marked no-run must have the right types", async () => {
  const { problems } = await runDocSnippets([snippet(9, "undeclared();\n", false)]);
  expect(problems).toEqual(["docs/page.md:10: error TS2304: Cannot find name 'undeclared'."]);
});

test("a wrong type and a thrown error are named by page and line, with the block", async () => {
  const { problems } = await runDocSnippets([
    snippet(10, 'const name: string = "a";\nconst count: number = name;\nexport { count };\n'),
    snippet(20, 'throw new Error("broken example");\n'),
  ]);
  expect(problems).toHaveLength(2);
  expect(problems[0]).toMatch(/^docs\/page\.md:12: error TS2322/);
  expect(problems[1]).toMatch(/^docs\/page\.md:20: the example failed\n {4}throw new Error\("broken example"\);/);
});
