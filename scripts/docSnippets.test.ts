import { expect, test } from "vitest";
import { snippetsIn } from "./docSnippets.ts";

const fence = "```";

test("finds ts blocks with their line, skips other languages, marks no-run", () => {
  const markdown = [
    "# Title",
    `${fence}ts`,
    "const a = 1;",
    "",
    "export { a };",
    fence,
    `${fence}sh`,
    "npm install",
    fence,
    `${fence}ts no-run`,
    "model.forward(x)",
    fence,
    `${fence}typescript`,
    "2;",
    fence,
  ].join("\n");
  expect(snippetsIn("README.md", markdown)).toEqual([
    { path: "README.md", line: 2, code: "const a = 1;\n\nexport { a };\n", runs: true },
    { path: "README.md", line: 10, code: "model.forward(x)\n", runs: false },
    { path: "README.md", line: 13, code: "2;\n", runs: true },
  ]);
});

test("a longer fence may hold a shorter one", () => {
  const markdown = ["````md", `${fence}ts`, "inner;", fence, "````"].join("\n");
  expect(snippetsIn("docs/a.md", markdown)).toEqual([]);
});

test("an open block is named", () => {
  expect(() => snippetsIn("docs/a.md", `text\n${fence}ts\nlet x;`)).toThrow("docs/a.md:2: the block is not closed");
});
