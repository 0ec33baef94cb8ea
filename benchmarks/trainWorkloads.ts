// What the training benchmark runs: GPTs beside one written in plain PyTorch, and the other families beside transformers' own classes,
// which are made of the config.json that our model writes. Nothing is dropped and nothing is padded, on either side.
import { BertForMaskedLM, Llama, type PretrainedModel, T5 } from "@llm/model";
import { causalLanguageModel, maskedLanguageModel, type Objective, sequenceToSequence } from "@llm/train";
import { buildModel, stepOperations, type TrainConfigurationName, trainConfigurations } from "./trainConfigurations.ts";

export interface TrainWorkload {
  readonly model: PretrainedModel;
  readonly objective: Pick<Objective<PretrainedModel>, "loss">;
  /** Shapes of the batch, by the names that our objectives give its tensors. */
  readonly inputs: Readonly<Record<"inputIds" | "labels", readonly [batch: number, tokens: number]>>;
  readonly vocabularySize: number;
  /** Tokens that a step reads or writes. */
  readonly tokens: number;
  /** Floating-point operations of a step, forward and backward. */
  readonly operations: number;
  /** What the PyTorch side needs to make the same of transformers' class; it knows the GPTs by their names. */
  readonly configJson?: Readonly<Record<string, unknown>>;
}

const sizes = { layers: 4, heads: 8, width: 512, vocabularySize: 8192 };
const { layers, width, vocabularySize } = sizes;
/** Multiplications of a token's output layer. */
const outputWeights = vocabularySize * width;
/** Operations by which one layer's attention mixes `keys` for each token, as `stepOperations` counts them. */
const mixing = (keys: number) => 12 * keys * width;

function gpt(name: TrainConfigurationName): TrainWorkload {
  const { batchSize, contextLength, vocabularySize } = trainConfigurations[name];
  return workload(buildModel(name), causalLanguageModel, {
    inputs: { inputIds: [batchSize, contextLength], labels: [batchSize, contextLength] },
    vocabularySize,
    tokens: batchSize * contextLength,
    operations: stepOperations(name),
  });
}

/** Predicts all tokens of a batch and not the usual 15 %, since transformers has no head for some of them. */
function bert(): TrainWorkload {
  const [batch, sequence] = [16, 128];
  const model = new BertForMaskedLM({ ...sizes, contextLength: sequence, hiddenDropout: 0, attentionDropout: 0 });
  const special = new Map([["[MASK]", 0]]);
  const tokenizer = {
    vocabularySize,
    specialTokens: special,
    tokenToId: (token: string) => special.get(token),
    idToToken: String,
  };
  const weights = layers * 12 * width ** 2 + width ** 2 + outputWeights;
  return workload(model, maskedLanguageModel({ tokenizer }), {
    inputs: { inputIds: [batch, sequence], labels: [batch, sequence] },
    vocabularySize,
    tokens: batch * sequence,
    operations: batch * sequence * (6 * weights + layers * mixing(sequence)),
    configJson: model.toConfigJson(),
  });
}

function t5(): TrainWorkload {
  const [batch, source, target] = [16, 128, 32];
  const model = new T5({ ...sizes, dropout: 0 });
  // The source's tokens go through the encoder and become keys and values of the decoder; the rest of the decoder is the target's.
  const ofSource = 6 * layers * (12 + 2) * width ** 2 + layers * mixing(source);
  const ofTarget = 6 * (layers * (12 + 2) * width ** 2 + outputWeights) + layers * (mixing(target) + mixing(source));
  return workload(model, sequenceToSequence(), {
    inputs: { inputIds: [batch, source], labels: [batch, target] },
    vocabularySize,
    tokens: batch * (source + target),
    operations: batch * (source * ofSource + target * ofTarget),
    configJson: model.toConfigJson(),
  });
}

function llama(): TrainWorkload {
  const [batch, sequence, keyValueHeads, hiddenWidth] = [8, 256, 2, 1408];
  const model = new Llama({ ...sizes, keyValueHeads, hiddenWidth, contextLength: sequence });
  const ofAttention = width ** 2 * (2 + (2 * keyValueHeads) / sizes.heads);
  const weights = layers * (ofAttention + 3 * width * hiddenWidth) + outputWeights;
  return workload(model, causalLanguageModel, {
    inputs: { inputIds: [batch, sequence], labels: [batch, sequence] },
    vocabularySize,
    tokens: batch * sequence,
    operations: batch * sequence * (6 * weights + layers * mixing(sequence)),
    configJson: model.toConfigJson(),
  });
}

/** An objective takes the kind of model that it is for, which is this one. */
function workload<Model extends PretrainedModel>(
  model: Model,
  objective: Pick<Objective<Model, never>, "loss">,
  rest: Omit<TrainWorkload, "model" | "objective">,
): TrainWorkload {
  return { model, objective: { loss: (model, ...others) => objective.loss(model as Model, ...others) }, ...rest };
}

const families = { bert, t5, llama } as const;

export type TrainWorkloadName = TrainConfigurationName | keyof typeof families;

export function trainWorkload(name: TrainWorkloadName): TrainWorkload {
  return name in families ? families[name as keyof typeof families]() : gpt(name as TrainConfigurationName);
}
