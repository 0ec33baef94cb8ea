// Type-checks every TypeScript example of the documentation against the sources and runs it in an empty folder of its own.
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { binary } from "./binary.ts";
import { type Snippet, snippetsIn } from "./docSnippets.ts";
import { mapConcurrently, runCommand } from "./runCommand.ts";
import { type CheckResult, filesUnder, repositoryRoot } from "./workspace.ts";

const timeout = 180_000;

/** The examples of the root's README, every package's README and everything under `docs/`. */
export function documentationSnippets(): Snippet[] {
  const paths = ["README.md", ...filesUnder(["packages", "docs"], [".md"])].filter(
    (path) => existsSync(join(repositoryRoot, path)) && !path.endsWith("CHANGELOG.md"),
  );
  return paths.flatMap((path) => snippetsIn(path, readFileSync(join(repositoryRoot, path), "utf8")));
}

export async function runDocSnippets(snippets: readonly Snippet[] = documentationSnippets()): Promise<CheckResult> {
  // Inside `tests/`, because that package depends on all of ours: an example finds them by name.
  const sources = await mkdtemp(join(repositoryRoot, "tests", ".snippets-"));
  try {
    const examples = snippets.map((snippet, index) => ({ ...snippet, file: join(sources, `snippet${index}.ts`) }));
    await Promise.all(examples.map(({ file, code }) => writeFile(file, code)));
    const typeProblems = examples.length > 0 ? await typeCheck(sources, examples) : [];
    const running = examples.filter(({ runs }) => runs);
    const results = await mapConcurrently(running, 2, (example) => run(example, example.file));
    const problems = [...typeProblems, ...results.flatMap((problem) => problem ?? [])];
    return {
      problems,
      summary: `${running.length} examples run, ${snippets.length - running.length} only type-checked`,
    };
  } finally {
    await rm(sources, { recursive: true, force: true });
  }
}

async function typeCheck(sources: string, snippets: readonly Snippet[]): Promise<string[]> {
  const settings = {
    extends: join(repositoryRoot, "tsconfig.json"),
    compilerOptions: { moduleDetection: "force", typeRoots: [join(repositoryRoot, "node_modules/@types")] },
    include: ["*.ts"],
  };
  await writeFile(join(sources, "tsconfig.json"), JSON.stringify(settings));
  const { status, output } = await runCommand(process.execPath, [binary("typescript", "tsc"), "-p", sources], {
    cwd: sources,
  });
  if (status === 0) return [];
  return output
    .trim()
    .split("\n")
    .map((line) => {
      const place = /^snippet(\d+)\.ts\((\d+),\d+\): (.*)$/.exec(line);
      const snippet = snippets[Number(place?.[1])];
      return place && snippet ? `${snippet.path}:${snippet.line + Number(place[2])}: ${place[3]}` : line;
    });
}

async function run(snippet: Snippet, file: string): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "llm-snippet-"));
  try {
    const fromSource = pathToFileURL(join(repositoryRoot, "scripts/runFromSource.mjs")).href;
    const parameters = ["--import", fromSource, "--conditions=@llm/source", file];
    const { status, output } = await runCommand(process.execPath, parameters, { cwd: folder, timeout });
    if (status === 0) return undefined;
    const place = `${snippet.path}:${snippet.line}`;
    return `${place}: the example failed\n${indent(snippet.code)}\n${indent(output.replaceAll(file, "example.ts"))}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "    ");
}
