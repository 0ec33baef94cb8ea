import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gpt, loadModel, namedParameters, QuantizedLinear, replaceLinears } from "@llm/model";
import { type Executor, referenceExecutor, setDefaultExecutor, tensor } from "@llm/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batchOf, countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import { findCheckpoint, listCheckpoints } from "./checkpoint.ts";
import { DivergedError, TrainError } from "./errors.ts";
import type { EvaluationEvent, TrainEvent } from "./events.ts";
import { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
import type { Objective } from "./objectives/objective.ts";
import { adamW } from "./optimizers/adamw.ts";
import { linearSchedule, type Schedule } from "./schedules.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";

setDefaultExecutor(referenceExecutor());
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-train-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const newModel = () => new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8 });

function newTrainer(options: Partial<TrainerOptions> = {}): Trainer {
  return new Trainer({
    model: newModel(),
    data: memoryBatches(countingBatches(5)),
    steps: 6,
    learningRate: 0.01,
    progress: false,
    ...options,
  });
}

function rates(rateAt: Schedule["rateAt"]): Schedule {
  return { name: "test", settings: {}, rateAt };
}

async function eventsOf(trainer: Trainer): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  await trainer.run({ onEvent: (event) => events.push(event) });
  return events;
}

async function failureOf(run: Promise<unknown>): Promise<Error> {
  return run.then(
    () => expect.unreachable("the run should fail"),
    (error: Error) => error,
  );
}

describe("a run", () => {
  it("learns, tells each step, evaluates, saves, and writes all of it to the metrics file", async () => {
    const trainer = newTrainer({
      steps: 40,
      learningRate: 0.02,
      evaluation: { data: memoryBatches(countingBatches(3)), every: 15 },
      checkpoints: { folder, every: 20 },
    });
    const events = await eventsOf(trainer);
    const steps = events.filter((event) => event.type === "step");
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(steps.at(-1)!.loss).toBeLessThan(0.7 * steps[0]!.loss);
    const others = events.filter((event) => event.type !== "step").map(({ type, step }) => `${type} ${step}`);
    expect(others).toEqual([
      "evaluation 15",
      "checkpoint 15",
      "checkpoint 20",
      "evaluation 30",
      "checkpoint 30",
      "evaluation 40",
      "checkpoint 40",
    ]);
    const lines = (await readFile(join(folder, "metrics.jsonl"), "utf8")).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(events);
    const loaded = await loadModel((await findCheckpoint(folder, "last"))!);
    for (const [name, parameter] of namedParameters(trainer.model)) {
      expect(await namedParameters(loaded).get(name)!.data(), name).toEqual(await parameter.data());
    }
  });

  it("returns what it reached", async () => {
    const trainer = newTrainer({ evaluation: { data: memoryBatches(countingBatches(3)), every: 4 } });
    const result = await trainer.run();
    expect(result).toMatchObject({ steps: 6, interrupted: false, best: { step: 6 } });
    expect(result.loss).toBeGreaterThan(0);
  });

  it("is decided by its seed where there is dropout", async () => {
    const losses = async (seed: number) => {
      const model = new Gpt({ ...newModel().config, residualDropout: 0.3 });
      const events = await eventsOf(newTrainer({ model, seed }));
      return events.map((event) => event.type === "step" && event.loss);
    };
    expect(await losses(1)).toEqual(await losses(1));
    expect(await losses(1)).not.toEqual(await losses(2));
  });

  it("leaves the caller's model usable and unchanged", async () => {
    const model = newModel();
    const before = Float32Array.from((await model.transformer.wte.weight.data()) as Float32Array);
    const trainer = newTrainer({ model });
    await trainer.run();
    expect(await model.transformer.wte.weight.data()).toEqual(before);
    expect(await (trainer.model as Gpt).transformer.wte.weight.data()).not.toEqual(before);
    const ids = tensor(Int32Array.of(1, 2), { shape: [1, 2] });
    expect(await model.forward(ids).data()).not.toEqual(await trainer.model.forward(ids).data());
  });

  it("stops with a checkpoint when the signal is aborted, and goes on from there", async () => {
    const controller = new AbortController();
    const options = { checkpoints: { folder } };
    const result = await newTrainer(options).run({
      signal: controller.signal,
      onEvent: ({ step }) => step === 3 && controller.abort(),
    });
    expect(result).toMatchObject({ steps: 3, interrupted: true });
    const events = await eventsOf(newTrainer(options));
    expect(events[0]).toEqual({ type: "resume", step: 3, path: join(folder, "step-00000003") });
    expect(events.filter(({ type }) => type === "step").map(({ step }) => step)).toEqual([4, 5, 6]);
    expect(await eventsOf(newTrainer(options))).toHaveLength(1);
  });

  it("takes no signal handlers with it when it ends", async () => {
    const before = process.listenerCount("SIGINT");
    await newTrainer().run({ onEvent: () => expect(process.listenerCount("SIGINT")).toBe(before + 1) });
    await newTrainer().run({
      handleSignals: false,
      onEvent: () => expect(process.listenerCount("SIGINT")).toBe(before),
    });
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});

describe("what a run holds", () => {
  /** The reference executor, counting the programs and buffers that are not yet freed. */
  function countingExecutor(): { executor: Executor; open: () => number; alive: () => number } {
    let open = 0;
    const alive = new Set<unknown>();
    const inner = referenceExecutor();
    const compile: Executor["compile"] = async (program, options) => {
      const executable = await inner.compile(program, options);
      open++;
      return {
        run: async (inputs) => {
          const outputs = await executable.run(inputs);
          for (const [i, input] of inputs.entries()) if (options.donated[i]) alive.delete(input);
          for (const output of outputs) alive.add(output);
          return outputs;
        },
        dispose: () => void open--,
      };
    };
    const release: Executor["release"] = (buffer) => void alive.delete(buffer);
    return { executor: { ...inner, compile, release }, open: () => open, alive: () => alive.size };
  }

  it.each([
    [1, 1],
    [3, 1],
    [1, 2],
    [3, 2],
  ])("does not grow from step to step, with accumulation %i, %i steps a run", async (accumulation, stepsPerRun) => {
    const { executor, alive } = countingExecutor();
    const evaluation = { data: memoryBatches(countingBatches(2)), every: 2 };
    const counts = new Map<number, number>();
    const trainer = newTrainer({ executor, accumulation, stepsPerRun, evaluation, steps: 12 });
    await trainer.run({ onEvent: ({ type, step }) => type === "step" && counts.set(step, alive()) });
    // Each parameter and its two moments.
    expect(counts.get(3)).toBe(3 * namedParameters(trainer.model).size);
    expect(new Set(counts.values()).size).toBe(1);
    expect(alive()).toBe(namedParameters(trainer.model).size);
  });

  it("is freed when the consumer of its events leaves early, and the model stays", async () => {
    const { executor, open } = countingExecutor();
    const trainer = newTrainer({ executor, steps: 100 });
    for await (const event of trainer) {
      expect(open()).toBeGreaterThan(0);
      if (event.step === 3) break;
    }
    await new Promise(setImmediate);
    expect(open()).toBe(0);
    expect((await (trainer.model as Gpt).transformer.ln_f.weight.data()).length).toBe(8);
  });

  it("is freed when onEvent throws", async () => {
    const { executor, open } = countingExecutor();
    const run = newTrainer({ executor }).run({
      onEvent: () => {
        throw new Error("no more");
      },
    });
    await expect(run).rejects.toThrow("no more");
    await new Promise(setImmediate);
    expect(open()).toBe(0);
  });
});

describe("evaluation", () => {
  it("gives the same number for the same weights, whatever was read from the stream before", async () => {
    const data = memoryBatches(countingBatches(4));
    const events = await eventsOf(newTrainer({ learningRate: 0, evaluation: { data, every: 2, batches: 3 } }));
    const losses = events
      .filter((event): event is EvaluationEvent => event.type === "evaluation")
      .map(({ loss }) => loss);
    expect(losses).toHaveLength(3);
    expect(new Set(losses).size).toBe(1);
    expect(losses[0]).toBeCloseTo(Math.log(11), 1);
  });

  it("keeps the best checkpoint beside the newest, also where none is due at its step", async () => {
    const options = {
      steps: 12,
      // Learns for seven steps, then runs away.
      learningRate: rates((step) => (step < 7 ? 0.02 : 2)),
      evaluation: { data: memoryBatches(countingBatches(5)), every: 1 },
      checkpoints: { folder, every: 6, keep: 1 },
    };
    const events = await eventsOf(newTrainer(options));
    const best = events.filter((event): event is EvaluationEvent => event.type === "evaluation" && event.best);
    expect(best.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await listCheckpoints(folder)).toEqual([7, 12]);
    expect(await findCheckpoint(folder, "best")).toBe(join(folder, "step-00000007"));
    expect(await findCheckpoint(folder, "last")).toBe(join(folder, "step-00000012"));
    // The best so far is known again after a pause.
    const result = await newTrainer({ ...options, steps: 13 }).run();
    expect(result.best).toEqual({ step: 7, metric: "loss", value: best.at(-1)!.loss });
    expect(await listCheckpoints(folder)).toEqual([7, 13]);
  });

  it("refuses the stream that is trained on", () => {
    const data = memoryBatches(countingBatches(2));
    expect(() => newTrainer({ data, evaluation: { data, every: 1 } })).toThrow(
      "evaluation.data must be a stream of its own",
    );
  });

  it("names held-out ids that the model does not have, and batches without targets", async () => {
    const foreign = memoryBatches([batchOf([[1, 2, 99, 4, 5, 6, 7]])]);
    await expect(newTrainer({ evaluation: { data: foreign, every: 1 } }).run()).rejects.toThrow("inputIds has id 99");
    const none = batchOf([[1, 2, 3, 4, 5, 6, 7]]);
    none.labels.fill(-100);
    const run = newTrainer({ evaluation: { data: memoryBatches([none]), every: 1 } }).run();
    await expect(run).rejects.toThrow("the held-out batches have no targets");
  });
});

describe("divergence", () => {
  it("stops at an absurd learning rate, names step, rate and the checkpoint to go back to", async () => {
    const learningRate = rates((step) => (step < 3 ? 0.01 : 1e30));
    const trainer = newTrainer({ steps: 20, learningRate, checkpoints: { folder, every: 1, keep: 5 } });
    const error = (await failureOf(trainer.run())) as DivergedError;
    expect(error).toBeInstanceOf(DivergedError);
    expect(TrainError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ step: 5, learningRate: 1e30, lastCheckpoint: join(folder, "step-00000003") });
    expect(error.message).toBe(
      `training diverged: the loss is NaN at step 5 (learning rate 1e+30); last good checkpoint: ${join(folder, "step-00000003")} ` +
        `(remove ${join(folder, "step-00000004")}, whose weights are damaged already; then lower the learning rate, lengthen the warmup, or clip gradients harder)`,
    );
    const last = await loadModel(error.lastCheckpoint!);
    for (const [name, parameter] of namedParameters(last)) {
      expect(((await parameter.data()) as Float32Array).every(Number.isFinite), name).toBe(true);
    }
    expect((await (trainer.model as Gpt).transformer.wte.weight.data()).length).toBe(88);
  });

  it("notices a weight that is not a number at the first step", async () => {
    const model = newModel();
    ((await model.transformer.wpe.weight.data()) as Float32Array)[3] = Number.NaN;
    const error = await failureOf(newTrainer({ model }).run());
    expect(error).toMatchObject({ step: 1, lastCheckpoint: undefined });
    expect(error.message).toContain(
      "the loss is NaN at step 1 (learning rate 0.01); last good checkpoint: none (nothing was learned yet: look for",
    );
  });

  it("notices a held-out loss that is not a number after the last step", async () => {
    const evaluation = { data: memoryBatches(countingBatches(1)), every: 2 };
    const options = { steps: 2, evaluation, learningRate: rates((step) => (step === 0 ? 0.01 : 1e30)) };
    const error = await failureOf(newTrainer({ ...options, checkpoints: { folder, every: 1 } }).run());
    expect(error.message).toContain("the held-out loss is NaN at step 2 (learning rate 1e+30)");
    expect(error.message).toContain(`last good checkpoint: ${join(folder, "step-00000001")} (lower`);
  });

  it("notices gradients that are not numbers before the weights they damage are saved", async () => {
    const objective: Objective = {
      ...causalLanguageModel,
      loss: (model, batch, key) => {
        const loss = causalLanguageModel.loss(model, batch, key);
        // Square root of zero: a finite value with an infinite slope.
        const slope = (model as Gpt).transformer.ln_f.weight.mul(0).sum().sqrt();
        return { ...loss, sum: loss.sum.add(slope) };
      },
    };
    const error = await failureOf(newTrainer({ objective, checkpoints: { folder, every: 1 } }).run());
    expect(error.message).toMatch(
      /^training diverged: the gradient norm is (NaN|Infinity) at step 1 .*checkpoint: none/,
    );
    expect(await listCheckpoints(folder)).toEqual([]);
  });
});

describe("data that cannot work", () => {
  it("names the step at which the data ended", async () => {
    const data = memoryBatches(countingBatches(2), { epochs: 2 });
    await expect(newTrainer({ data }).run()).rejects.toThrow(
      "Trainer: the data ended at step 5 of 6 (allow more epochs, or train fewer steps)",
    );
  });

  it("refuses data of a tokenizer that the model does not have, before the first step", () => {
    const data = { ...memoryBatches(countingBatches(2)), vocabularySize: 50257 };
    expect(() => newTrainer({ data })).toThrow(
      "causalLanguageModel: the tokenizer of the data has 50257 tokens, the model's vocabulary 11",
    );
    expect(() => newTrainer({ evaluation: { data, every: 1 } })).toThrow("the tokenizer of the data has 50257 tokens");
  });

  it("names ids outside the vocabulary and sequences longer than the context", async () => {
    const run = (rows: number[][]) => newTrainer({ data: memoryBatches([batchOf(rows)]) }).run();
    await expect(run([[1, 2, 3, 4, 5, 6, 11]])).rejects.toThrow(
      "Trainer: labels has id 11, the model's vocabulary is 0 to 10 (was the data made with another tokenizer?)",
    );
    await expect(run([[-1, 2, 3, 4, 5, 6, 7]])).rejects.toThrow("Trainer: inputIds has id -1");
    await expect(run([[1, -100, 3, 4, 5, 6, 7]])).rejects.toThrow("Trainer: inputIds has id -100");
    await expect(run([[1, 2, 3, 4, 5, 6, 7, 8]])).rejects.toThrow(
      "Trainer: the batches have 7 tokens a sequence, the model's context holds 6",
    );
  });
});

it("names the option that cannot work", () => {
  const evaluation = { data: memoryBatches(countingBatches(1)) };
  const cases: [Partial<TrainerOptions>, string][] = [
    [{ steps: 0 }, "steps must be a whole number above 0, got 0"],
    [{ accumulation: 1.5 }, "accumulation must be a whole number above 0, got 1.5"],
    [{ evaluation: { ...evaluation, every: 0 } }, "evaluation.every must be a whole number above 0, got 0"],
    [
      { evaluation: { ...evaluation, every: 1, batches: -1 } },
      "evaluation.batches must be a whole number above 0, got -1",
    ],
    [{ checkpoints: { folder: "x", every: 0 } }, "checkpoints.every must be a whole number above 0, got 0"],
    [{ checkpoints: { folder: "x", keep: 0 } }, "checkpoints.keep must be a whole number above 0, got 0"],
    [{ gradientClipping: 0 }, "gradientClipping must be above 0, or false for none, got 0"],
    [{ gradientClipping: { value: -1 } }, "gradientClipping must be above 0, or false for none, got -1"],
    [{ seed: 0.5 }, "seed must be a whole number, got 0.5"],
    [{ learningRate: Number.NaN }, "learningRate must be a number, at least 0, or a schedule, got NaN"],
    [{ learningRate: (() => 1) as never }, "learningRate must be a number, at least 0, or a schedule, got () => 1"],
  ];
  for (const [options, text] of cases) expect(() => newTrainer(options)).toThrow(`Trainer: ${text}`);
});

it("refuses a quantised model", () => {
  const model = replaceLinears(newModel(), ({ weight, bias }) => {
    const [inputs, outputs] = weight.shape as [number, number];
    const scale = tensor(new Float32Array(outputs));
    return new QuantizedLinear(tensor(new Int8Array(inputs * outputs), { shape: [inputs, outputs] }), scale, bias);
  });
  expect(() => newTrainer({ model })).toThrow(
    "Trainer: only float32 parameters can be trained, transformer.h.0.attn.c_attn.weight is int8",
  );
});

describe("checkpoints", () => {
  const options = (): Partial<TrainerOptions> => ({ checkpoints: { folder, every: 2 } });
  const trained = async (steps = 4) => newTrainer({ ...options(), steps }).run();

  it("are kept as far as `keep` says", async () => {
    await newTrainer({ steps: 8, checkpoints: { folder, every: 1, keep: 3 } }).run();
    expect(await listCheckpoints(folder)).toEqual([6, 7, 8]);
    expect(await findCheckpoint(folder, "best")).toBeUndefined();
    expect(await findCheckpoint(join(folder, "none"), "last")).toBeUndefined();
  });

  it("removes what a killed run left under temporary names, and nothing else", async () => {
    await mkdir(join(folder, ".step-00000002.abc.tmp"), { recursive: true });
    await writeFile(join(folder, ".step-00000002.abc.tmp", "model.safetensors"), "half");
    await writeFile(join(folder, ".mine.tmp"), "");
    await trained();
    expect((await readdir(folder)).sort()).toEqual([".mine.tmp", "metrics.jsonl", "step-00000002", "step-00000004"]);
  });

  it("hold a model of a class of the caller's own", async () => {
    class Mine extends Gpt {
      override toConfigJson() {
        return { ...super.toConfigJson(), model_type: "mine" };
      }
    }
    const mine = () => new Mine(newModel().config, { seed: 4 });
    await newTrainer({ ...options(), model: mine(), steps: 4 }).run();
    const resumed = newTrainer({ ...options(), model: mine(), steps: 6 });
    expect((await eventsOf(resumed))[0]).toMatchObject({ type: "resume", step: 4 });
    expect(resumed.model).toBeInstanceOf(Mine);
  });

  it("say which setting is another one now", async () => {
    await trained();
    const path = join(folder, "step-00000004");
    const cases: [Partial<TrainerOptions>, string][] = [
      [{ seed: 1 }, "seed 0, this run has 1 (use the same settings, or another checkpoint folder)"],
      [{ accumulation: 2 }, "accumulation 1, this run has 2"],
      [
        { gradientClipping: false },
        "gradientClipping 1, this run has false (use the same settings, name it in checkpoints.mayChange, or another",
      ],
      [{ rowsPerPass: 1 }, "rowsPerPass none, this run has 1"],
      [{ learningRate: 0.02 }, 'learningRate {"peak":0.01}, this run has {"peak":0.02}'],
      [{ optimizer: adamW({ decays: () => true }) }, 'optimizer {"decays":'],
      [{ optimizer: adamW({ beta1: 0.8 }) }, 'optimizer {"beta1":0.9}, this run has {"beta1":0.8}'],
      [{ model: new Gpt({ ...newModel().config, width: 16 }) }, 'model {"n_embd":8,'],
      [{ data: memoryBatches(countingBatches(4)) }, "batchesPerEpoch 5, this run has 4"],
    ];
    for (const [change, text] of cases) {
      const error = await failureOf(newTrainer({ ...options(), steps: 6, ...change }).run());
      expect(error).toBeInstanceOf(TrainError);
      expect(error.message).toContain(`Trainer: ${path} was written with ${text}`);
    }
  });

  it("are written by one training at a time", async () => {
    await trained();
    const first = newTrainer({ ...options(), steps: 8 });
    for await (const event of first) {
      if (event.type !== "step") continue;
      expect((await failureOf(newTrainer({ ...options(), steps: 8 }).run())).message).toContain(
        `Trainer: another training is writing to ${folder}`,
      );
      break;
    }
    expect((await eventsOf(newTrainer({ ...options(), steps: 8 })))[0]).toMatchObject({ type: "resume", step: 5 });
  });

  it("let a run go on with another schedule where that is wanted", async () => {
    await trained();
    const learningRate = linearSchedule({ peak: 0.01, totalSteps: 8 });
    const checkpoints = { folder, mayChange: ["learningRate"] as const };
    const events = await eventsOf(newTrainer({ checkpoints, steps: 6, learningRate }));
    expect(events.flatMap((event) => (event.type === "step" ? [event.learningRate] : []))).toEqual([0.005, 0.00375]);
    // What is written from then on is the new one.
    await expect(newTrainer({ ...options(), steps: 8 }).run()).rejects.toThrow('learningRate {"name":"linear"');
  });

  it.each(["model.safetensors", "optimizer.safetensors", "trainer_state.json"])(
    "name a %s that was cut short or is missing",
    async (name) => {
      await trained();
      const file = join(folder, "step-00000004", name);
      const whole = await readFile(file);
      for (const length of [0, 30, Math.floor(whole.length / 2), whole.length - 3]) {
        await writeFile(file, whole.subarray(0, length));
        expect((await failureOf(newTrainer({ ...options(), steps: 6 }).run())).message).toContain(file);
      }
      await rm(file);
      expect((await failureOf(newTrainer({ ...options(), steps: 6 }).run())).message).toContain(file);
    },
  );

  it("name a trainer_state.json that says something else", async () => {
    await trained();
    const file = join(folder, "step-00000004", "trainer_state.json");
    for (const text of ["null", "{}", '{"step":-0.5}', '{"step":4,"data":{}}']) {
      await writeFile(file, text);
      const error = await failureOf(newTrainer({ ...options(), steps: 6 }).run());
      expect(error.message).toBe(
        `checkpoint: ${file} has no step, data and settings (remove ${join(folder, "step-00000004")})`,
      );
    }
  });

  it("name the state that another optimiser did not write", async () => {
    await trained();
    const other = {
      ...adamW(),
      initialState: (parameters: never) => ({ ...adamW().initialState(parameters), third: parameters }),
    };
    const error = await failureOf(newTrainer({ ...options(), steps: 6, optimizer: other }).run());
    expect(error.message).toContain(
      "optimizer.safetensors has no third.transformer.wte.weight of shape [11,8] (was it written by another optimiser?)",
    );
  });
});
