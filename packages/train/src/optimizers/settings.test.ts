import { tensor } from "@llm/tensor";
import { expect, it } from "vitest";
import { adafactor } from "./adafactor.ts";
import { lion } from "./lion.ts";
import { muon } from "./muon.ts";
import { sgd } from "./sgd.ts";

it("names the setting outside of its limits", () => {
  const cases: [() => unknown, string][] = [
    [() => lion({ beta1: 1 }), "lion: beta1 must be at least 0 and below 1, got 1"],
    [() => lion({ weightDecay: -1 }), "lion: weightDecay must be at least 0 and below Infinity, got -1"],
    [() => sgd({ momentum: 1.5 }), "sgd: momentum must be at least 0 and below 1, got 1.5"],
    [
      () => sgd({ nesterov: true }),
      "sgd: nesterov needs momentum above 0 and dampening 0, got momentum 0 and dampening 0",
    ],
    [
      () => sgd({ nesterov: true, momentum: 0.9, dampening: 0.1 }),
      "sgd: nesterov needs momentum above 0 and dampening 0, got momentum 0.9 and dampening 0.1",
    ],
    [() => adafactor({ beta2Decay: 0.8 }), "adafactor: beta2Decay must be at most 0, got 0.8"],
    [() => adafactor({ clipThreshold: 0.5 }), "adafactor: clipThreshold must be at least 1, got 0.5"],
    [() => adafactor({ epsilon1: Number.NaN }), "adafactor: epsilon1 must be at least 0 and below Infinity, got NaN"],
    [() => muon({ newtonSchulzSteps: 2.5 }), "muon: newtonSchulzSteps must be a whole number, got 2.5"],
    [() => muon({ newtonSchulzSteps: 100 }), "muon: newtonSchulzSteps must be at least 0 and below 100, got 100"],
    [
      () => muon({ adjustLearningRate: "none" as never }),
      "muon: adjustLearningRate must be one of match_rms_adamw, original, got none",
    ],
    [() => muon({ adamW: { beta1: 2 } }), "adamW: beta1 must be at least 0 and below 1, got 2"],
    [
      () => muon({ orthogonalizes: () => true }).initialState({ bias: tensor([1, 2]) }),
      "muon: bias has shape [2], only matrices can be made orthogonal (leave it out of `orthogonalizes`)",
    ],
  ];
  for (const [make, text] of cases) expect(make).toThrow(text);
});
