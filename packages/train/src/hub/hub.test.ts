import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyLora, Gpt, loadModel, loadWeights } from "@llm/model";
import { referenceExecutor } from "@llm/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../../test/memoryBatches.ts";
import { findCheckpoint } from "../checkpoint.ts";
import { TrainError } from "../errors.ts";
import { Trainer } from "../trainer.ts";
import { writeHubFolder } from "./hubFolder.ts";
import { modelCard } from "./modelCard.ts";
import { pushToHub } from "./pushToHub.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "llm-hub-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe("modelCard", () => {
  const facts = {
    config: { architectures: ["GPT2LMHeadModel"], model_type: "gpt2" },
    parameters: 1234567,
    step: 2000,
    best: { step: 1500, metric: "loss", value: 1.25 },
    settings: {
      model: { n_layer: 2 },
      optimizer: { name: "adamw", beta1: 0.9 },
      gradientClipping: 1,
      lossScaling: undefined,
    },
  };

  it("has what the hub reads in front, and the run's facts", () => {
    const card = { license: "apache-2.0", languages: ["no"], datasets: ["a/b"], description: "Tells stories." };
    expect(modelCard(facts, { title: "Stories", ...card })).toBe(`---
license: "apache-2.0"
language:
- "no"
datasets:
- "a/b"
library_name: transformers
pipeline_tag: text-generation
---

# Stories

Tells stories.

## Training

| | |
| --- | --- |
| architecture | GPT2LMHeadModel |
| parameters | 1,234,567 |
| updates | 2,000 |
| best held-out loss | 1.25 (update 1500) |
| optimizer | \`{"name":"adamw","beta1":0.9}\` |
| gradient clipping | 1 |

Trained with \`@llm/train\`; \`transformers\` opens this folder.
`);
  });

  it("names the task of each head, and none that it does not know", () => {
    const task = (architecture: string) =>
      /pipeline_tag: (.*)/.exec(modelCard({ ...facts, config: { architectures: [architecture] } }))?.[1];
    expect(task("LlamaForCausalLM")).toBe("text-generation");
    expect(task("T5ForConditionalGeneration")).toBe("text2text-generation");
    expect(task("BertForMaskedLM")).toBe("fill-mask");
    expect(task("BertForSequenceClassification")).toBe("text-classification");
    expect(task("BertForTokenClassification")).toBe("token-classification");
    expect(task("BertForQuestionAnswering")).toBe("question-answering");
    expect(task("BertModel")).toBeUndefined();
  });
});

const newModel = () => new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8 });

/** A folder to hand on, made from a run of two steps. */
async function exported(model = newModel()): Promise<{ folder: string; names: string[] }> {
  await new Trainer({
    model,
    data: memoryBatches(countingBatches(5)),
    steps: 2,
    evaluation: { data: memoryBatches(countingBatches(2)), every: 2 },
    checkpoints: { folder: join(root, "run") },
    progress: false,
    executor: referenceExecutor(),
  }).run();
  const tokenizer = join(root, "tokenizer");
  await mkdir(tokenizer);
  for (const name of ["tokenizer.json", "tokenizer_config.json", "notes.json"])
    await writeFile(join(tokenizer, name), "{}");
  const checkpoint = (await findCheckpoint(join(root, "run"), "best"))!;
  const folder = join(root, "out", "model");
  return { folder, names: await writeHubFolder({ checkpoint, folder, tokenizer, card: { license: "mit" } }) };
}

describe("writeHubFolder", () => {
  it("copies what others open, adds the card, and leaves out what only training needs", async () => {
    const { folder, names } = await exported();
    expect(names.sort()).toEqual((await readdir(folder)).sort());
    expect(names).toEqual([
      "README.md",
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    const card = await readFile(join(folder, "README.md"), "utf8");
    expect(card).toContain('license: "mit"');
    expect(card).toContain("| architecture | GPT2LMHeadModel |\n| parameters | 1,024 |\n| updates | 2 |");
    expect(card).toMatch(/\| best held-out loss \| 2\.\d+ \(update 2\) \|/);
    expect(await loadModel(folder)).toBeInstanceOf(Gpt);
  });

  it("does not hand on a base and an adapter under names that nobody knows", async () => {
    const adapted = await applyLora(newModel(), { rank: 1 });
    await expect(exported(adapted)).rejects.toThrow("holds an adapter beside its base, which nobody else opens");
    const checkpoint = (await findCheckpoint(join(root, "run"), "last"))!;
    await expect(loadModel(checkpoint)).rejects.toThrow("it holds an adapter beside its base: give a model the same");
    expect(await loadWeights(adapted, checkpoint)).toBeInstanceOf(Gpt);
  });

  it("says what a folder is not", async () => {
    await mkdir(join(root, "empty"));
    const out = join(root, "out");
    const options = { folder: out, checkpoint: join(root, "empty") };
    await expect(writeHubFolder(options)).rejects.toThrow(
      `writeHubFolder: checkpoint ${options.checkpoint} has no checkpoint files (is it the right folder?)`,
    );
    await expect(writeHubFolder({ ...options, checkpoint: join(root, "none") })).rejects.toThrow(
      /cannot be read: ENOENT/,
    );
    await expect(readdir(out)).rejects.toThrow("ENOENT");
  });
});

describe("pushToHub", () => {
  let server: Server;
  let url: string;
  let existing: boolean;
  let calls: string[];
  let uploaded: Map<string, Buffer>;
  let commit: { key: string; value: Record<string, string> }[];
  beforeEach(async () => {
    [existing, calls, uploaded, commit] = [false, [], new Map(), []];
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const call = `${request.method} ${request.url}`;
      calls.push(call);
      const answer = (status: number, value: object) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
      if (request.method !== "PUT" && request.headers.authorization !== "Bearer hf_secret") {
        return answer(401, { error: "Invalid credentials" });
      }
      if (call === "POST /api/repos/create") {
        return existing ? answer(409, { error: "You already created this model repo" }) : answer(200, { url, id: "x" });
      }
      if (call === "POST /api/models/me/stories/preupload/main") {
        const { files } = JSON.parse(body.toString()) as { files: { path: string }[] };
        const modeOf = (path: string) => (path.endsWith(".safetensors") ? "lfs" : "regular");
        return answer(200, { files: files.map(({ path }) => ({ path, uploadMode: modeOf(path) })) });
      }
      if (call === "POST /me/stories.git/info/lfs/objects/batch") {
        const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] };
        const actions = (oid: string) => ({ upload: { href: `${url}/store/${oid}` } });
        return answer(200, {
          transfer: "basic",
          objects: objects.map((object) => ({ ...object, actions: actions(object.oid) })),
        });
      }
      if (call.startsWith("PUT /store/")) {
        uploaded.set(request.url!.slice("/store/".length), body);
        return answer(200, {});
      }
      if (call === "POST /api/models/me/stories/commit/main") {
        commit = body
          .toString()
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line));
        return answer(200, { commitOid: "abc", commitUrl: `${url}/me/stories/commit/abc`, hookOutput: "" });
      }
      return answer(404, { error: `unexpected ${call}` });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([false, true])(
    "uploads all files as one commit, where the repository is there already: %s",
    async (there) => {
      existing = there;
      const { folder, names } = await exported();
      const page = await pushToHub({ folder, repository: "me/stories", token: "hf_secret", url, message: "First" });
      expect(page).toBe(`${url}/me/stories/commit/abc`);
      expect(commit[0]).toMatchObject({ key: "header", value: { summary: "First" } });
      const inCommit = new Map(commit.slice(1).map(({ key, value }) => [value.path!, { key, value }]));
      expect([...inCommit.keys()].sort()).toEqual(names.sort());
      for (const name of names) {
        const bytes = await readFile(join(folder, name));
        const { key, value } = inCommit.get(name)!;
        if (key === "lfsFile") expect(uploaded.get(value.oid!)!.equals(bytes)).toBe(true);
        else expect(Buffer.from(value.content!, "base64").equals(bytes)).toBe(true);
      }
      const weights = await readFile(join(folder, "model.safetensors"));
      expect([...uploaded.keys()]).toEqual([createHash("sha256").update(weights).digest("hex")]);
    },
  );

  it("passes on what the hub says, and asks for what is missing", async () => {
    const { folder } = await exported();
    const options = { folder, repository: "me/stories", url };
    const refused = pushToHub({ ...options, token: "hf_wrong" });
    await expect(refused).rejects.toThrow(TrainError);
    await expect(refused).rejects.toThrow(/^pushToHub: me\/stories could not be written: .*Invalid credentials/);
    await expect(pushToHub({ ...options, token: "" })).rejects.toThrow("give token, or set HF_TOKEN");
    await mkdir(join(root, "empty"));
    await expect(pushToHub({ ...options, folder: join(root, "empty"), token: "x" })).rejects.toThrow("has no files");
  });
});
