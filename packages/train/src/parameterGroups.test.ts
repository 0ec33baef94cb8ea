import { Gpt } from "@llm/model";
import { referenceExecutor, setDefaultExecutor, tensor } from "@llm/tensor";
import { expect, it } from "vitest";
import { TrainError } from "./errors.ts";
import { adafactor } from "./optimizers/adafactor.ts";
import { adamW } from "./optimizers/adamw.ts";
import { muon } from "./optimizers/muon.ts";
import { sgd } from "./optimizers/sgd.ts";
import { parameterGroups } from "./parameterGroups.ts";
import { parametersOf } from "./trainState.ts";

setDefaultExecutor(referenceExecutor());

const parameters = () => parametersOf(new Gpt({ vocabularySize: 5, contextLength: 3, layers: 1, heads: 1, width: 2 }));

it("hands each parameter to the first group that takes it", () => {
  const groups = parameterGroups([
    { parameters: /wte|wpe/g, optimizer: sgd() },
    { parameters: (name, { shape }) => shape.length === 2 && name !== "w", optimizer: adafactor() },
    { optimizer: adamW() },
  ]);
  const state = groups.initialState(parameters());
  const matrices = ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"].map(
    (name) => `transformer.h.0.${name}.weight`,
  );
  expect(Object.keys(state.rowVariance!)).toEqual(matrices);
  expect(state.variance).toEqual({});
  expect(Object.keys(state.firstMoment!)).toHaveLength(16 - 2 - matrices.length);
  expect(Object.keys(state.firstMoment!)).toContain("transformer.ln_f.weight");
});

it("keeps the scalars of its groups apart, with the rates scaled", () => {
  const groups = parameterGroups([
    { parameters: /wte/, optimizer: sgd(), learningRateScale: 0.5 },
    { optimizer: sgd(), learningRateScale: 0 },
  ]);
  expect(groups.scalars(3, 0.2)).toEqual({ "0.learningRate": 0.1, "1.learningRate": 0 });
});

it("tells in its settings what functions chose, so that another choice is another setting", () => {
  const groups = (pattern: RegExp) =>
    JSON.stringify(
      parameterGroups([{ parameters: pattern, optimizer: sgd() }, { optimizer: sgd() }]).settings(parameters()),
    );
  expect(groups(/wte/)).toBe(groups(/wt/));
  expect(groups(/wte/)).not.toBe(groups(/wpe/));
  expect(groups(/wte/)).toContain('{"parameters":"1 parameter (sha256 ');
});

it("names the parameter that no group takes, and the scale that is none", () => {
  const groups = parameterGroups([{ parameters: /weight/, optimizer: sgd() }]);
  expect(() => groups.initialState(parameters())).toThrow(
    new TrainError(
      "parameterGroups: no group takes transformer.h.0.ln_1.bias (add a last group without `parameters`, or leave it out of the Trainer's `trains`)",
    ),
  );
  expect(() => parameterGroups([{ optimizer: sgd() }, { optimizer: sgd(), learningRateScale: -1 }])).toThrow(
    "parameterGroups: learningRateScale of group 1 must be at least 0 and below Infinity, got -1",
  );
});

it("are what muon makes of a model: matrices of blocks, and the rest by AdamW", () => {
  const state = muon().initialState({
    ...parameters(),
    "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight": tensor(new Float32Array(4), {
      shape: [2, 2],
    }),
    "lm_head.weight": tensor(new Float32Array(4), { shape: [2, 2] }),
  });
  expect(Object.keys(state.momentum!)).toEqual([
    "transformer.h.0.attn.c_attn.weight",
    "transformer.h.0.attn.c_proj.weight",
    "transformer.h.0.mlp.c_fc.weight",
    "transformer.h.0.mlp.c_proj.weight",
  ]);
  expect(Object.keys(state.firstMoment!)).toHaveLength(14);
});
