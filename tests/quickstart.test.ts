// The quickstart as a user runs it: killed, run again, run a third time, its model served.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
let output: string;
beforeAll(async () => {
  output = join(await mkdtemp(join(tmpdir(), "quickstart-")), "run");
});
afterAll(() => rm(join(output, ".."), { recursive: true, force: true }));

function start(file: string, ...args: string[]): ChildProcess {
  const flags = ["--import", join(root, "scripts/runFromSource.mjs"), "--conditions=@llm/source"];
  return spawn(process.execPath, [...flags, join(root, file), ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Everything the process prints until it ends, or until a line matches. */
async function read(child: ChildProcess, until?: RegExp): Promise<string> {
  let text = "";
  await new Promise<void>((resolve) => {
    const take = (chunk: Buffer) => {
      text += chunk;
      if (until?.test(text)) resolve();
    };
    child.stdout!.on("data", take);
    child.stderr!.on("data", take);
    child.on("close", () => resolve());
  });
  return text;
}

const quickstart = (...more: string[]) => start("examples/quickstart/main.ts", "--small", "--output", output, ...more);

it("goes on after a kill, keeps what is unchanged, and makes again what is not", async () => {
  const killed = quickstart();
  const begun = await read(killed, /step 1\/30/);
  killed.kill("SIGKILL");
  expect(begun).toContain("[4/8] training");

  const second = await read(quickstart());
  for (const stage of ["[1/8] corpus", "[2/8] tokenizer", "[3/8] shards"])
    expect(second).toContain(`${stage}: done before, unchanged`);
  expect(second).toContain("step 30/30");
  expect(second).toContain("report.html");

  const third = await read(quickstart());
  expect(third.match(/done before, unchanged/g)).toHaveLength(8);

  const longer = await read(quickstart("--steps", "40"));
  expect(longer.match(/done before, unchanged/g)).toHaveLength(3);
  expect(longer).toContain("step 40/40");
});

it("writes a page without outside references, whose numbers are those of the run", async () => {
  const page = await readFile(join(output, "report.html"), "utf8");
  expect(page).not.toMatch(/(src|href)=|url\(|@import/);
  const rows = JSON.parse(await readFile(join(output, "stages/evaluation.json"), "utf8")).result;
  expect(rows.map((row: { name: string }) => row.name)).toEqual([
    "GPT",
    "interpolated 5-gram",
    "unigram",
    "uniform",
    "gzip",
  ]);
  expect(page).toContain(rows[0].bitsPerByte.toFixed(3));
  expect(rows[0].bitsPerByte).toBeLessThan(rows[3].bitsPerByte);
});

it("makes models that the server serves, float and INT8", async () => {
  for (const folder of ["model", "model-int8"]) {
    const server = start("packages/serve/src/cli.ts", join(output, folder), "--port", "0");
    try {
      const text = await read(server, /at http:\S+/);
      const url = /at (http:\S+)/.exec(text)![1];
      const body = JSON.stringify({ model: folder, prompt: "My fellow citizens", max_tokens: 5, temperature: 0 });
      const response = await fetch(`${url}/v1/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      expect(response.status).toBe(200);
      const completion = (await response.json()) as {
        choices: { text: string }[];
        usage: { completion_tokens: number };
      };
      expect(completion.usage.completion_tokens).toBe(5);
    } finally {
      server.kill("SIGTERM");
    }
  }
});

it("says what is wrong with its input", async () => {
  const missing = await read(
    start(
      "examples/quickstart/main.ts",
      "--small",
      "--output",
      `${output}-2`,
      "--data",
      join(output, "no-such-folder"),
    ),
  );
  expect(missing).toMatch(/no-such-folder/);
  const bad = await read(start("examples/quickstart/main.ts", "--steps", "none"));
  expect(bad).toContain("--steps must be a whole number above 0, got none");
});
