// Tokens per second of several models, measured in turns so that a busy moment of the machine hits all of them alike.
import { type CausalLanguageModel, TextGenerator } from "@llm/model";
import { compile, type Executor, type Tensor, tensor } from "@llm/tensor";

/** Tokens per second over all rounds, in the order in which they were measured. */
export interface SpeedSamples {
  readonly median: number;
  readonly samples: readonly number[];
}

/** Something whose speed is measured: `run` does it once and returns its tokens per second. */
export interface SpeedProbe {
  run(): Promise<number>;
  dispose(): void;
}

export interface ProbeOptions {
  readonly executor?: Executor | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Token-by-token generation with a KV cache, one sequence: tokens after the first over the time from the first to the last. */
export function decodeProbe(
  model: CausalLanguageModel,
  { prompt, newTokens, executor, signal }: ProbeOptions & { prompt: Uint32Array; newTokens: number },
): SpeedProbe {
  const generator = new TextGenerator(model, executor ? { executor } : {});
  return {
    run: async () => {
      let made = 0;
      let first = 0;
      const options = { maxNewTokens: newTokens, temperature: 0, ...(signal ? { signal } : {}) };
      for await (const _ of generator.generate(prompt, options)) {
        made += 1;
        if (made === 1) first = performance.now();
      }
      return perSecond(made - 1, performance.now() - first);
    },
    dispose: () => generator.dispose(),
  };
}

/** The whole model on `batchSize` sequences at once, to the logits; only those of the last position are read. */
export function forwardProbe(
  model: CausalLanguageModel,
  { inputIds, shape, executor }: ProbeOptions & { inputIds: Int32Array; shape: readonly [number, number] },
): SpeedProbe {
  const forward = compile((model: CausalLanguageModel, ids: Tensor) => model.forward(ids).slice(1, -1), {
    constants: [0],
    ...(executor ? { executor } : {}),
  });
  return {
    run: async () => {
      using ids = tensor(inputIds, { shape });
      const start = performance.now();
      using logits = await forward(model, ids);
      await logits.data();
      return perSecond(inputIds.length, performance.now() - start);
    },
    dispose: () => forward.dispose(),
  };
}

/** Runs each probe once to warm up, then all of them in turn, `rounds` times. */
export async function measureInTurns(
  probes: readonly SpeedProbe[],
  { rounds, signal }: { rounds: number; signal?: AbortSignal | undefined },
): Promise<SpeedSamples[]> {
  const samples = probes.map((): number[] => []);
  try {
    for (const probe of probes) await probe.run();
    for (let round = 0; round < rounds; round++) {
      for (const [i, probe] of probes.entries()) {
        signal?.throwIfAborted();
        samples[i]!.push(await probe.run());
      }
    }
  } finally {
    for (const probe of probes) probe.dispose();
  }
  return samples.map((values) => ({ median: median(values), samples: values }));
}

function perSecond(tokens: number, milliseconds: number): number {
  return (1000 * tokens) / milliseconds;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
