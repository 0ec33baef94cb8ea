#!/usr/bin/env node
// The command `llm-serve`: serves a model folder until it is interrupted.
import { parseArgs } from "node:util";
import { ServeError } from "./errors.ts";
import { loadServed } from "./loadServed.ts";
import { type RunningServer, serve } from "./node.ts";

const help = `Usage: llm-serve <model folder> [options]

Serves a model (config.json, model.safetensors, tokenizer.json) with OpenAI's API: completions, and chat
where the folder has a chat template.

  --port <number>         port to open; 0 takes a free one (default 8080)
  --host <address>        address to open it on; 0.0.0.0 for all (default 127.0.0.1)
  --name <name>           what clients call the model (default: the folder's name)
  --chat-template <file>  Jinja template for chat, in place of the folder's own
  --allow-origin <url>    whose web pages may call the API from a browser; may be repeated, * for all
  --max-running <number>  sequences that generate at the same time (default 4)
  --max-waiting <number>  sequences that may wait (default 128)
  --help                  this text

Environment: LLM_SERVE_API_KEY, the key that clients must send (default: none is asked for).`;

const settings = {
  port: { type: "string", default: "8080" },
  host: { type: "string", default: "127.0.0.1" },
  name: { type: "string" },
  "chat-template": { type: "string" },
  "allow-origin": { type: "string", multiple: true, default: [] as string[] },
  "max-running": { type: "string", default: "4" },
  "max-waiting": { type: "string", default: "128" },
  help: { type: "boolean", default: false },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) return console.log(help);
  const [folder, ...others] = positionals;
  if (folder === undefined || others.length > 0) {
    throw new ServeError(`expected one model folder, got ${positionals.length} (llm-serve --help shows an example)`);
  }
  const apiKey = process.env.LLM_SERVE_API_KEY;
  const { name, "chat-template": chatTemplate } = values;
  const served = await loadServed(folder, {
    ...(name === undefined ? {} : { name }),
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
  });
  const server = await serve({
    ...served,
    port: wholeNumber("port", values.port),
    hostname: values.host,
    allowedOrigins: values["allow-origin"],
    maxRunning: wholeNumber("max-running", values["max-running"]),
    maxWaiting: wholeNumber("max-waiting", values["max-waiting"]),
    ...(apiKey ? { apiKey } : {}),
    onError: (error) => console.error(error),
  });
  closeOnSignals(server);
  const key = apiKey ? ` -H "Authorization: Bearer $LLM_SERVE_API_KEY"` : "";
  const [route, asked] = served.chatTemplate
    ? ["chat/completions", { messages: [{ role: "user", content: "Hello" }] }]
    : ["completions", { prompt: "Once upon a time" }];
  const body = JSON.stringify({ model: served.name, ...asked, max_tokens: 32 }).replaceAll("'", "'\\''");
  console.log(`Serving ${served.name} at ${server.url} (Ctrl-C ends it). Try:`);
  console.log(`  curl ${server.url}/v1/${route}${key} -H "Content-Type: application/json" -d '${body}'`);
}

function readArguments() {
  try {
    return parseArgs({ options: settings, allowPositionals: true });
  } catch (error) {
    throw new ServeError((error as Error).message, { cause: error });
  }
}

function wholeNumber(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new ServeError(`--${name}: expected a whole number, got "${text}"`);
}

/** The first signal lets answers end; a second one does not wait. */
function closeOnSignals(server: RunningServer): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      process.once(signal, () => process.exit(130));
      server.close().then(() => process.exit(0), fail);
    });
  }
}

function fail(error: unknown): void {
  console.error(`llm-serve: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

main().catch(fail);
