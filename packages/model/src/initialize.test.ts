import { expect, it } from "vitest";
import { namedParameters, parameterBytes, parameterCount } from "./checkpoint.ts";
import type { Initialization } from "./initialize.ts";
import { BertForTokenClassification } from "./models/bertHeads.ts";
import { Gpt } from "./models/gpt.ts";
import { type GptPreset, gptPresets } from "./models/presets.ts";
import { T5 } from "./models/t5.ts";

const options = { vocabularySize: 300, contextLength: 40, layers: 8, heads: 4, width: 64 };

async function values(name: string, model: Gpt): Promise<Float32Array> {
  return (await namedParameters(model).get(name)!.data()) as Float32Array;
}

function deviation(numbers: Float32Array): number {
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
  return Math.sqrt(numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / numbers.length);
}

/** Deviations of each kind of parameter; each estimate is off by about 1 / sqrt(2 n), at most 1 % here. */
async function deviations(initialization: Initialization): Promise<Record<string, number>> {
  const model = new Gpt(options, { initialization, seed: 1 });
  const found: Record<string, number> = {};
  for (const name of ["wte", "h.3.attn.c_attn", "h.3.attn.c_proj", "h.3.mlp.c_fc", "h.3.mlp.c_proj"]) {
    found[name] = deviation(await values(`transformer.${name}.weight`, model));
  }
  return found;
}

function expectClose(found: Record<string, number>, expected: Record<string, number>): void {
  for (const [name, value] of Object.entries(expected))
    expect(Math.abs(found[name]! / value - 1), name).toBeLessThan(0.05);
}

it("draws as GPT-2: deviation 0.02, residual projections divided by sqrt(2 · layers)", async () => {
  const residual = 0.02 / Math.sqrt(2 * options.layers);
  expectClose(await deviations("gpt2"), {
    wte: 0.02,
    "h.3.attn.c_attn": 0.02,
    "h.3.attn.c_proj": residual,
    "h.3.mlp.c_fc": 0.02,
    "h.3.mlp.c_proj": residual,
  });
});

it("draws as Glorot and Bengio: uniform within sqrt(6 / (in + out))", async () => {
  const limit = Math.sqrt(6 / (64 + 192));
  const found = await deviations("xavier");
  expectClose(found, { "h.3.attn.c_attn": limit / Math.sqrt(3), "h.3.mlp.c_fc": Math.sqrt(6 / (64 + 256) / 3) });
  const drawn = await values("transformer.h.0.attn.c_attn.weight", new Gpt(options, { initialization: "xavier" }));
  expect(drawn.every((value) => Math.abs(value) <= limit)).toBe(true);
  expect(Math.max(...drawn)).toBeGreaterThan(0.99 * limit);
  expect(Math.min(...drawn)).toBeLessThan(-0.99 * limit);
});

it("draws as He et al.: deviation sqrt(2 / in)", async () => {
  expectClose(await deviations("he"), {
    wte: 0.02,
    "h.3.attn.c_attn": Math.sqrt(2 / 64),
    "h.3.mlp.c_proj": Math.sqrt(2 / 256),
  });
});

it("draws as T5: deviation 1 / sqrt(in), queries also divided by the root of the head size, embeddings of deviation 1", async () => {
  const size = { vocabularySize: 300, layers: 2, heads: 8, headSize: 16, width: 64, hiddenWidth: 200 };
  const parameters = namedParameters(new T5({ ...size, gated: true, tiedEmbeddings: false }, { seed: 1 }));
  const found: Record<string, number> = {};
  for (const name of ["q", "k", "o"]
    .map((name) => `encoder.block.1.layer.0.SelfAttention.${name}`)
    .concat("shared", "lm_head")) {
    found[name] = deviation((await parameters.get(`${name}.weight`)!.data()) as Float32Array);
  }
  const last = "decoder.block.0.layer.2.DenseReluDense";
  for (const name of [`${last}.wi_1`, `${last}.wo`]) {
    found[name] = deviation((await parameters.get(`${name}.weight`)!.data()) as Float32Array);
  }
  expectClose(found, {
    "encoder.block.1.layer.0.SelfAttention.q": 1 / Math.sqrt(64 * 16),
    "encoder.block.1.layer.0.SelfAttention.k": 1 / Math.sqrt(64),
    "encoder.block.1.layer.0.SelfAttention.o": 1 / Math.sqrt(8 * 16),
    shared: 1,
    lm_head: 1,
    [`${last}.wi_1`]: 1 / Math.sqrt(64),
    [`${last}.wo`]: 1 / Math.sqrt(200),
  });
});

it("draws as muP: like GPT-2 at the base width, hidden matrices narrower with the root of the width beyond it", async () => {
  expect(await deviations({ method: "mup", baseWidth: options.width })).toEqual(await deviations("gpt2"));
  const residual = 0.02 / Math.sqrt(2 * options.layers);
  expectClose(await deviations({ method: "mup", baseWidth: 16 }), {
    wte: 0.02,
    "h.3.attn.c_attn": 0.02 / 2,
    "h.3.attn.c_proj": residual / 2,
    "h.3.mlp.c_fc": 0.02 / 2,
    "h.3.mlp.c_proj": residual / 2,
  });
  const model = new Gpt(options, { initialization: { method: "mup", baseWidth: 16 } });
  expect(new Set(await values("transformer.ln_f.weight", model))).toEqual(new Set([0.25]));
  const size = { ...options, width: 256, labels: ["a", "b", "c", "d"] };
  const classifier = new BertForTokenClassification(size, { initialization: { method: "mup", baseWidth: 16 } });
  const drawn = (await namedParameters(classifier).get("classifier.weight")!.data()) as Float32Array;
  expectClose({ classifier: deviation(drawn) }, { classifier: 0.02 / 16 });
});

it("starts norms at one and biases at zero", async () => {
  for (const [name, parameter] of namedParameters(new Gpt(options))) {
    if (parameter.shape.length !== 1) continue;
    const expected = /ln_\w+\.weight$/.test(name) ? 1 : 0;
    expect(
      ((await parameter.data()) as Float32Array).every((value) => value === expected),
      name,
    ).toBe(true);
  }
});

it("lets the seed and the name decide a parameter, and nothing else", async () => {
  const name = "transformer.h.1.mlp.c_fc.weight";
  const reference = await values(name, new Gpt(options, { seed: 3 }));
  expect(await values(name, new Gpt(options, { seed: 3 }))).toEqual(reference);
  expect(await values(name, new Gpt({ ...options, vocabularySize: 7 }, { seed: 3 }))).toEqual(reference);
  expect(await values(name, new Gpt(options, { seed: 4 }))).not.toEqual(reference);
  expect(await values("transformer.h.2.mlp.c_fc.weight", new Gpt(options, { seed: 3 }))).not.toEqual(reference);
});

it("counts the parameters of the published sizes, without drawing them", () => {
  // Numbers of the published checkpoints, with the vocabulary of 50,257.
  const published: Partial<Record<GptPreset, number>> = {
    gpt2: 124_439_808,
    "gpt2-medium": 354_823_168,
    "gpt2-large": 774_030_080,
    "gpt2-xl": 1_557_611_200,
  };
  for (const [name, count] of Object.entries(published)) {
    const model = new Gpt({ ...gptPresets[name as GptPreset], vocabularySize: 50_257 }, { initialization: "empty" });
    expect(parameterCount(model), name).toBe(count);
    expect(parameterBytes(model), name).toBe(4 * count);
  }
});

it("refuses to read a parameter of an empty model", async () => {
  const [, first] = [...namedParameters(new Gpt(options, { initialization: "empty" }))][0]!;
  await expect(first.data()).rejects.toThrow("placeholder");
});
