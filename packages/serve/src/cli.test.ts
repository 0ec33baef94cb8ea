import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { saveModel } from "@llm/model";
import { saveTokenizer } from "@llm/tokenizer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyServed, until } from "../test/tinyServed.ts";
import type { Completion } from "./openai.ts";

const cli = fileURLToPath(new URL("cli.ts", import.meta.url));
const fromSource = fileURLToPath(new URL("../../../scripts/runFromSource.mjs", import.meta.url));
let folder: string;
const started: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-serve-cli-"));
  const { model, tokenizer } = await tinyServed();
  await saveModel(model, folder);
  await saveTokenizer(tokenizer, folder);
});

afterAll(async () => {
  for (const child of started) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

function run(args: string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["--import", fromSource, "--conditions=@llm/source", cli, ...args], {
    env: { ...process.env, LLM_SERVE_API_KEY: "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  const exit = once(child, "exit").then(([code]) => code as number | null);
  return { child, exit, stderr: text(child.stderr) };
}

async function failure(args: string[]): Promise<string> {
  const { exit, stderr } = run(args);
  expect(await exit).toBe(1);
  return stderr;
}

test("serves a folder, prints a curl line that works, and Ctrl-C closes it", async () => {
  const { child, exit, stderr } = run([folder, "--port", "0", "--name", "it's tiny"], { LLM_SERVE_API_KEY: "secret" });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    printed += part;
  });
  await until(() => printed.split("\n").length > 2 || child.exitCode !== null);
  expect(printed).toMatch(/^Serving it's tiny at http:\/\/127\.0\.0\.1:\d+ \(Ctrl-C ends it\)\. Try:\n/);
  const curl = spawn("sh", ["-c", printed.split("\n")[1]!.replace("curl", "curl --silent --noproxy '*'")], {
    env: { ...process.env, LLM_SERVE_API_KEY: "secret" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const answer = JSON.parse(await text(curl.stdout)) as Completion;
  expect(answer).toMatchObject({ model: "it's tiny", usage: { completion_tokens: 32 } });
  child.kill("SIGINT");
  expect(await exit).toBe(0);
  expect(await stderr).toBe("");
});

test("says what is wrong with its arguments, in one line", async () => {
  const messages = await Promise.all([failure([]), failure([folder, "--port", "eighty"])]);
  expect(messages).toEqual([
    "llm-serve: expected one model folder, got 0 (llm-serve --help shows an example)\n",
    'llm-serve: --port: expected a whole number, got "eighty"\n',
  ]);
});

test("a folder without a model, and an unknown option, are named", async () => {
  const empty = await mkdtemp(join(folder, "empty-"));
  const [missing, unknown] = await Promise.all([failure([empty]), failure([folder, "--prot", "1"])]);
  expect(missing).toContain(join(empty, "tokenizer.json"));
  expect(unknown).toContain("--prot");
});

test("--help explains it", async () => {
  const { child, exit } = run(["--help"]);
  expect(await text(child.stdout)).toContain("Usage: llm-serve <model folder>");
  expect(await exit).toBe(0);
});
