// A language model's whole life in one command: corpus, cleaning, tokenizer, shards, training, evaluation, INT8, samples, report.
// Run it again: what is unchanged is kept. Kill it anywhere: the next run goes on. `--small` takes seconds, `--data PATH` your text.
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { evaluationTable } from "@llm/eval";
import { describeFiles } from "./describeFiles.ts";
import { reportPage } from "./report.ts";
import { readSettings } from "./settings.ts";
import { Stages } from "./stage.ts";
import {
  cleanCorpus,
  compress,
  evaluate,
  paths,
  trainModel,
  trainTokenizer,
  writeSamples,
  writeShards,
} from "./stages.ts";

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2));
  const { output, data, vocabularySize, model, steps, batchSize, peakLearningRate, evaluateEvery, evaluatedTokens } =
    settings;
  const to = paths(output);
  const stages = new Stages(output, 8);
  await mkdir(output, { recursive: true });

  const corpus = await stages.run("corpus", await describeFiles(data), () => cleanCorpus(settings, to));
  await stages.run("tokenizer", { vocabularySize }, () => trainTokenizer(settings, to));
  const shards = await stages.run("shards", {}, () => writeShards(to));
  const recipe = { model, batchSize, peakLearningRate, evaluateEvery };
  // More steps go on from the checkpoints there are; another recipe, or other data, must not.
  const checkpoints = join(to.checkpoints, stages.keyWith(recipe));
  const training = await stages.run("training", { ...recipe, steps }, async () => {
    const summary = await trainModel(settings, to, checkpoints);
    if (summary) return summary;
    console.log("Stopped and saved. The same command goes on from here.");
    process.exit(130);
  });
  const evaluation = await stages.run("evaluation", { evaluatedTokens }, () => evaluate(settings, to));
  console.log(evaluationTable(evaluation).text.replace(/^/gm, "      "));
  const comparison = await stages.run("int8", {}, () => compress(settings, to));
  const samples = await stages.run("samples", {}, () => writeSamples(to));
  await stages.run("report", {}, async () => {
    await writeFile(
      `${to.report}.tmp`,
      reportPage({ settings, corpus, shards, training, evaluation, comparison, samples }),
    );
    await rename(`${to.report}.tmp`, to.report);
    return {};
  });

  console.log(`
Report:  ${to.report}
Serve:   npx -y pnpm@12 serve ${to.model} --port 8080
Ask:     curl http://127.0.0.1:8080/v1/completions -H 'content-type: application/json' \\
           -d '{"model": "model", "prompt": "My fellow citizens", "max_tokens": 60, "temperature": 0.8}'`);
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    console.error(`\n${error.message}`);
    process.exit(1);
  },
);
