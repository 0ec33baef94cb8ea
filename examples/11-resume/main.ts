// Trains twice: once from end to end, once killed with SIGKILL at two moments and started again. Both end with the same bytes.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openTokenShards, writeTokenShards } from "@llm/data";
import { Gpt, loadModel } from "@llm/model";
import { trainByteLevelBpe } from "@llm/tokenizer";
import { causalLanguageModel, evaluateModel, findCheckpoint } from "@llm/train";
import { conclude, readSetting } from "../shared/example.ts";
import { readSpeeches } from "../shared/speeches.ts";

const setting = readSetting();
const folder = setting.folderOf("11-resume");
const steps = setting.steps({ full: 400, small: 40 });
await rm(folder, { recursive: true, force: true });
const { train } = readSpeeches({ small: true });
const tokenizer = await trainByteLevelBpe(
  train.map(({ text }) => text),
  { vocabularySize: 512 },
);
const shards = join(folder, "shards");
await writeTokenShards(train, { folder: shards, encoder: tokenizer, endOfTextId: 0, split: { validation: 0.1 } });

/** Starts the training, kills it after `killAt` steps, and says how it ended. */
async function run(name: string, killAt = Number.POSITIVE_INFINITY): Promise<void> {
  const script = join(import.meta.dirname, "training.ts");
  const args = [...process.execArgv, script, join(folder, name), String(steps)];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout! })) {
    const [event, step] = line.split(" ");
    if (event === "resume") console.log(`${name}: goes on from step ${step}`);
    if (event === "step" && Number(step) >= killAt) child.kill("SIGKILL");
  }
  const [code, signal] = await ended;
  console.log(`${name}: ${signal ? `killed by ${signal}` : `ended with ${code}`}`);
}
await run("whole");
await run("killed", Math.floor(steps / 3));
await run("killed", Math.floor(steps / 2) + 3);
await run("killed");

const [whole, resumed] = await Promise.all(
  ["whole", "killed"].map((name) => findCheckpoint(join(folder, name), "last")),
);
for (const file of ["model.safetensors", "optimizer.safetensors"]) {
  const hash = async (checkpoint: string) =>
    createHash("sha256")
      .update(await readFile(join(checkpoint, file)))
      .digest("hex");
  const [first, second] = await Promise.all([hash(whole!), hash(resumed!)]);
  console.log(
    `${file}: ${first === second ? "the same bytes" : "OTHER BYTES"}, ${first.slice(0, 12)} and ${second.slice(0, 12)}`,
  );
  if (first !== second) process.exitCode = 1;
}

await using heldOut = await openTokenShards(shards, { split: "validation" });
const loss = async (model: Gpt) => {
  const data = heldOut.batches({ batchSize: 4, sequenceLength: 64, shuffle: false });
  return (await evaluateModel(model, { objective: causalLanguageModel, data })).loss;
};
const model = (await loadModel(resumed!)) as Gpt;
conclude(
  [
    {
      metric: "held-out loss",
      better: "lower",
      before: await loss(new Gpt(model.config, { seed: 1 })),
      after: await loss(model),
      baselines: { "any token as likely": Math.log(model.config.vocabularySize) },
    },
  ],
  setting,
);
