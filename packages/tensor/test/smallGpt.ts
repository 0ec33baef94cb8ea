// A GPT of two layers in a page, with AdamW: what the tests of executors train.
import "../src/fluent.ts";
import { attention } from "../src/functional/attention.ts";
import { embedding } from "../src/functional/embedding.ts";
import { crossEntropy } from "../src/functional/losses.ts";
import { gelu } from "../src/fused/gelu.ts";
import { layerNorm } from "../src/fused/norms.ts";
import { valueAndGrad } from "../src/grad.ts";
import type { Tensor } from "../src/graph.ts";
import { type Precision, withPrecision } from "../src/mixedPrecision.ts";
import { tensor } from "../src/ops/create.ts";
import { flattenTensors, mapTensors } from "../src/tree.ts";

const [vocabularySize, contextLength, width, heads, layers] = [65, 16, 32, 2, 2];

/** One more than the context: inputs and targets overlap. */
export const tokensPerRow = contextLength + 1;

type Parameters = ReturnType<typeof initialParameters>;

export interface TrainingState {
  readonly parameters: Parameters;
  readonly firstMoments: Parameters;
  readonly secondMoments: Parameters;
  /** Steps done, float32. */
  readonly step: Tensor;
}

/** Numbers that look random and are the same in every run (Park and Miller 1988). */
export function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function initialParameters() {
  const next = numbersFrom(7);
  const weight = (...shape: number[]) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return tensor(
      Float32Array.from({ length: count }, () => 0.2 * (next() - 0.5)),
      { shape },
    );
  };
  const filled = (length: number, value: number) => tensor(new Float32Array(length).fill(value));
  const norm = () => ({ scale: filled(width, 1), shift: filled(width, 0) });
  const block = () => ({
    before: norm(),
    mixIn: weight(width, 3 * width),
    mixOut: weight(width, width),
    between: norm(),
    up: weight(width, 4 * width),
    down: weight(4 * width, width),
  });
  return {
    tokens: weight(vocabularySize, width),
    positions: weight(contextLength, width),
    blocks: Array.from({ length: layers }, block),
    last: norm(),
  };
}

export function initialState(): TrainingState {
  const zeros = (parameters: Parameters) =>
    mapTensors(parameters, ({ shape }) => {
      const sizes = shape as readonly number[];
      return tensor(new Float32Array(sizes.reduce((a, b) => a * b, 1)), { shape: sizes });
    });
  const parameters = initialParameters();
  return {
    parameters,
    firstMoments: zeros(parameters),
    secondMoments: zeros(parameters),
    step: tensor(0, { dtype: "float32" }),
  };
}

/** Token ids with some order in them, int32 [rows, tokensPerRow]. */
export function tokenBatch(rows: number, seed: number): Int32Array {
  const next = numbersFrom(seed + 1);
  return Int32Array.from({ length: rows * tokensPerRow }, (_, i) => (3 * i + Math.floor(4 * next())) % vocabularySize);
}

/** Mean loss of the next token; `batch` is [B, T + 1]. */
function lossOf({ tokens, positions, blocks, last }: Parameters, batch: Tensor): Tensor {
  const rows = batch.shape[0]!;
  const split = (x: Tensor) => x.reshape([rows, contextLength, heads, width / heads]).transpose([0, 2, 1, 3]); // [B, H, T, D]
  let x = embedding(tokens, batch.slice(1, 0, contextLength)).add(positions); // [B, T, W]
  for (const { before, mixIn, mixOut, between, up, down } of blocks) {
    const mixed = layerNorm(x, before.scale, before.shift).matmul(mixIn);
    const [q, k, v] = [0, 1, 2].map((part) => split(mixed.slice(-1, part * width, (part + 1) * width)));
    const seen = attention(q!, k!, v!, { causal: true }).transpose([0, 2, 1, 3]);
    x = x.add(seen.reshape([rows, contextLength, width]).matmul(mixOut));
    x = x.add(gelu(layerNorm(x, between.scale, between.shift).matmul(up)).matmul(down));
  }
  const logits = layerNorm(x, last.scale, last.shift).matmul(tokens.transpose([1, 0])); // [B, T, V]
  return crossEntropy(logits, batch.slice(1, 1, tokensPerRow));
}

/** Forward and backward in `precision`, and AdamW (Loshchilov and Hutter 2019). */
export function trainingStep(
  state: TrainingState,
  batch: Tensor,
  precision: Precision = "float32",
): { state: TrainingState; loss: Tensor } {
  const [learningRate, beta1, beta2, epsilon, weightDecay] = [0.01, 0.9, 0.99, 1e-8, 0.01];
  const [loss, slopes] = withPrecision(valueAndGrad(lossOf), precision)(state.parameters, batch) as [
    Tensor,
    Parameters,
  ];
  const step = state.step.add(1);
  const corrections = [beta1, beta2].map((beta) => tensor(beta).pow(step).neg().add(1));
  const updated = <T>(update: (...tensors: Tensor[]) => Tensor, first: T, ...others: T[]): T => {
    const lists = others.map((tree) => flattenTensors(tree).map(({ tensor }) => tensor));
    let place = 0;
    return mapTensors(first, (own) => {
      const result = update(own, ...lists.map((list) => list[place]!));
      place++;
      return result;
    });
  };
  const firstMoments = updated((m, g) => m.mul(beta1).add(g!.mul(1 - beta1)), state.firstMoments, slopes);
  const secondMoments = updated((v, g) => v.mul(beta2).add(g!.mul(g!).mul(1 - beta2)), state.secondMoments, slopes);
  const parameters = updated(
    (p, m, v) => {
      const direction = m!.div(corrections[0]!).div(v!.div(corrections[1]!).sqrt().add(epsilon));
      return p.sub(direction.add(p.mul(weightDecay)).mul(learningRate));
    },
    state.parameters,
    firstMoments,
    secondMoments,
  );
  return { state: { parameters, firstMoments, secondMoments, step }, loss };
}
