// The tasks of a BERT: one small head each on the encoder of bert.ts, named as in transformers, whose weights they share.
import { dropout, gather, iota, parametersFirst, type Tensor } from "@llm/tensor";
import { activations } from "../layers/activations.ts";
import type { Embedding } from "../layers/embedding.ts";
import { LayerNorm } from "../layers/layerNorm.ts";
import type { LinearLayer } from "../layers/linear.ts";
import type { PretrainedModel } from "../model.ts";
import { Bert, bertInitializer, type EncoderForwardOptions, type FreshOptions, freshLinear } from "./bert.ts";
import { type BertConfig, type BertOptions, bertConfigFromJson, bertConfigToJson } from "./bertConfig.ts";
import type { ConfigJson } from "./configJson.ts";

const empty: FreshOptions = { initialization: "empty" };

export interface MaskedForwardOptions extends EncoderForwardOptions {
  /** int32 [batch, places], columns of each row: only these are predicted, which saves most of the head. Default all. */
  places?: Tensor | undefined;
}

/** Predicts hidden tokens; the output layer is the token embedding. */
export class BertForMaskedLM implements PretrainedModel {
  readonly bert: Bert;
  readonly cls: {
    readonly predictions: {
      readonly bias: Tensor; // [V]
      readonly transform: { readonly dense: LinearLayer; readonly LayerNorm: LayerNorm };
    };
  };

  constructor(options: BertOptions, fresh: FreshOptions = {}) {
    this.bert = new Bert(options, { ...fresh, pooler: false });
    const { config } = this;
    const init = bertInitializer(config, fresh);
    const dense = freshLinear("cls.predictions.transform.dense", [config.width, config.width], init);
    const norm = new LayerNorm(init.outputNorm(config.width), init.zeros(config.width), config.layerNormEpsilon);
    this.cls = {
      predictions: {
        bias: init.zeros(config.vocabularySize),
        transform: { dense, LayerNorm: norm },
      },
    };
  }

  static fromConfigJson(json: ConfigJson): BertForMaskedLM {
    return new BertForMaskedLM(bertConfigFromJson(json), empty);
  }

  get config(): BertConfig {
    return this.bert.config;
  }

  get outputNorm(): LayerNorm {
    return this.cls.predictions.transform.LayerNorm;
  }

  get tiedEmbedding(): Embedding {
    return this.bert.embeddings.word_embeddings;
  }

  /** int32 ids [B, T] → logits [B, T, V], or [B, places, V]. */
  forward(inputIds: Tensor, { places, ...options }: MaskedForwardOptions = {}): Tensor {
    const { transform, bias } = this.cls.predictions;
    const states = this.bert.forward(inputIds, options);
    const dense = transform.dense.forward(places ? columnsOf(states, places) : states);
    const hidden = transform.LayerNorm.forward(activations[this.config.activation](dense)); // [B, T, C] or [B, places, C]
    const output = (x: Tensor) => x.matmul(this.bert.embeddings.word_embeddings.weight, { transposeB: true }).add(bias);
    return (options.recompute ? parametersFirst(output) : output)(hidden);
  }

  toConfigJson(): ConfigJson {
    return bertConfigToJson(this.config, "BertForMaskedLM");
  }
}

/** x [B, T, C] at the columns `places` int32 [B, N] of each row: [B, N, C]. */
function columnsOf(x: Tensor, places: Tensor): Tensor {
  const [batch, sequence, width] = x.shape as readonly number[];
  const rows = iota(batch!).mul(sequence!).reshape([batch!, 1]);
  return gather(x.reshape([batch! * sequence!, width!]), places.add(rows));
}

/** Tells which of `config.labels` a sequence, or a pair of sequences, belongs to. */
export class BertForSequenceClassification implements PretrainedModel {
  readonly bert: Bert;
  readonly classifier: LinearLayer; // [labels, C]

  constructor(options: BertOptions, fresh: FreshOptions = {}) {
    this.bert = new Bert(options, fresh);
    this.classifier = freshClassifier("classifier", this.config, { ...fresh, outputs: this.config.labels.length });
  }

  static fromConfigJson(json: ConfigJson): BertForSequenceClassification {
    return new BertForSequenceClassification(bertConfigFromJson(json), empty);
  }

  get config(): BertConfig {
    return this.bert.config;
  }

  /** int32 ids [B, T] → logits [B, labels]. */
  forward(inputIds: Tensor, options: EncoderForwardOptions = {}): Tensor {
    const pooled = this.bert.pool(this.bert.forward(inputIds, options)); // [B, C]
    const kept = dropout(pooled, this.config.classifierDropout, options.key?.derive("classifier"));
    return this.classifier.forward(kept);
  }

  toConfigJson(): ConfigJson {
    return bertConfigToJson(this.config, "BertForSequenceClassification");
  }
}

/** Tells which of `config.labels` each token belongs to: names, parts of speech. */
export class BertForTokenClassification implements PretrainedModel {
  readonly bert: Bert;
  readonly classifier: LinearLayer; // [labels, C]

  constructor(options: BertOptions, fresh: FreshOptions = {}) {
    this.bert = new Bert(options, { ...fresh, pooler: false });
    this.classifier = freshClassifier("classifier", this.config, { ...fresh, outputs: this.config.labels.length });
  }

  static fromConfigJson(json: ConfigJson): BertForTokenClassification {
    return new BertForTokenClassification(bertConfigFromJson(json), empty);
  }

  get config(): BertConfig {
    return this.bert.config;
  }

  /** int32 ids [B, T] → logits [B, T, labels]. */
  forward(inputIds: Tensor, options: EncoderForwardOptions = {}): Tensor {
    const hidden = this.bert.forward(inputIds, options); // [B, T, C]
    const kept = dropout(hidden, this.config.classifierDropout, options.key?.derive("classifier"));
    return this.classifier.forward(kept);
  }

  toConfigJson(): ConfigJson {
    return bertConfigToJson(this.config, "BertForTokenClassification");
  }
}

/** Finds the span of a text that answers a question; the input is the question and the text as two segments. */
export class BertForQuestionAnswering implements PretrainedModel {
  readonly bert: Bert;
  readonly qa_outputs: LinearLayer; // [2, C]

  constructor(options: BertOptions, fresh: FreshOptions = {}) {
    // transformers takes the number of labels for the number of outputs here too: the first and the last token.
    this.bert = new Bert({ ...options, labels: ["LABEL_0", "LABEL_1"] }, { ...fresh, pooler: false });
    this.qa_outputs = freshClassifier("qa_outputs", this.config, { ...fresh, outputs: 2 });
  }

  static fromConfigJson(json: ConfigJson): BertForQuestionAnswering {
    return new BertForQuestionAnswering(bertConfigFromJson(json), empty);
  }

  get config(): BertConfig {
    return this.bert.config;
  }

  /** int32 ids [B, T] → logits of each token to be the answer's first and its last: [B, T] each. */
  forward(inputIds: Tensor, options: EncoderForwardOptions = {}): { start: Tensor; end: Tensor } {
    const both = this.qa_outputs.forward(this.bert.forward(inputIds, options)); // [B, T, 2]
    const [start, end] = both.split([1, 1]).map((logits) => logits.reshape(inputIds.shape));
    return { start: start!, end: end! };
  }

  toConfigJson(): ConfigJson {
    return bertConfigToJson(this.config, "BertForQuestionAnswering");
  }
}

function freshClassifier(
  path: string,
  config: BertConfig,
  { outputs, ...fresh }: FreshOptions & { outputs: number },
): LinearLayer {
  return freshLinear(path, [config.width, outputs], bertInitializer(config, fresh), { output: true });
}
