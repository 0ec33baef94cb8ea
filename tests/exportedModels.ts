// Recorded calls of a small GPT to export and save: a forward with named sizes, in float and in int8, and a whole training step.
import { quantizeInt8 } from "@llm/compress";
import { Gpt, namedParameters } from "@llm/model";
import {
  compile,
  hostRandomBits,
  mapTensors,
  RandomKey,
  type RecordedCall,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@llm/tensor";
import {
  adamW,
  causalLanguageModel,
  clipByGlobalNorm,
  globalNorm,
  type NamedTensors,
  type TrainState,
} from "@llm/train";

export interface ExportedModel {
  readonly name: string;
  readonly recorded: RecordedCall;
  readonly inputNames: Readonly<Record<string, string>>;
  readonly outputNames?: Readonly<Record<string, string>>;
  /** Arguments of calls, and what the function makes of them. */
  readonly runs: readonly { readonly args: readonly unknown[]; readonly expected: unknown }[];
}

const config = { vocabularySize: 61, contextLength: 16, layers: 2, heads: 2, width: 16, initializerRange: 0.3 };

export function smallGpt(): Gpt {
  return new Gpt({ ...config, residualDropout: 0.1 }, { seed: 5 });
}

/** Token ids int32 [batch, sequence]. */
export function randomIds(seed: number, shape: readonly [number, number]): Tensor {
  const bits = hostRandomBits(seed, "ids", shape[0] * shape[1]);
  return tensor(
    Int32Array.from(bits, (word) => word % config.vocabularySize),
    { shape },
  );
}

/** The model is a constant, batch and sequence have names. */
export function compiledForward() {
  return compile((model: Gpt, inputIds: Tensor) => ({ logits: model.forward(inputIds) }), {
    constants: [0],
    dynamic: { "1": ["batch", "sequence"] },
  });
}

export async function exportedForward(name: string, model: Gpt): Promise<ExportedModel> {
  const forward = compiledForward();
  const ids = [randomIds(1, [2, 7]), randomIds(2, [1, 16])];
  const runs = [];
  for (const inputIds of ids) {
    runs.push({ args: [model, inputIds], expected: await forward(model, inputIds) });
  }
  return { name, recorded: forward.record(model, ids[0]!), inputNames: { "1": "input_ids" }, runs };
}

type Batch = Readonly<Record<"inputIds" | "labels", Tensor>>;

const optimizer = adamW();

/** Loss, gradients, clipping and AdamW; dropout is on. */
export function compiledTrainingStep() {
  return compile(({ model, optimizer: state }: TrainState, batch: Batch, key: RandomKey, scalars: NamedTensors) => {
    const mean = (m: typeof model) => {
      const { sum, count } = causalLanguageModel.loss(m, batch, key);
      return sum.div(count);
    };
    const [loss, slopes] = valueAndGrad(mean)(model);
    const parameters = parametersOf(model);
    const all = parametersOf(slopes);
    const gradients = clipByGlobalNorm(all, globalNorm(all), 1);
    const updated = optimizer.update({ parameters, gradients, state, scalars });
    const next = mapTensors(model, (_, path) => updated.parameters[path]!);
    return { loss, state: { model: next, optimizer: updated.state } };
  });
}

/** Everything a training step takes, fresh. */
export function trainingArguments(): [TrainState, Batch, RandomKey, NamedTensors] {
  const model = smallGpt();
  const scalars = Object.entries(optimizer.scalars(0, 1e-2)).map(([name, value]) => [name, tensor(value)] as const);
  return [
    { model, optimizer: optimizer.initialState(parametersOf(model)) },
    { inputIds: randomIds(3, [2, 8]), labels: randomIds(4, [2, 8]) },
    RandomKey.from(7, 0),
    Object.fromEntries(scalars),
  ];
}

function parametersOf(model: object): NamedTensors {
  return Object.fromEntries(namedParameters(model as Gpt));
}

export async function exportedTrainingStep(): Promise<ExportedModel> {
  const step = compiledTrainingStep();
  const args = trainingArguments();
  const recorded = step.record(...args);
  const expected = await step(...args);
  return { name: "gptTrainingStep", recorded, inputNames: {}, runs: [{ args, expected }] };
}

export async function exportedModels(): Promise<ExportedModel[]> {
  const model = smallGpt();
  return [
    await exportedForward("gpt", model),
    await exportedForward("gptInt8", await quantizeInt8(model)),
    await exportedTrainingStep(),
  ];
}
