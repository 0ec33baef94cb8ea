// The README of a model folder: a model card as the Hugging Face hub reads it (YAML in front, Markdown behind), with the run's facts.
import type { BestEvaluation } from "../events.ts";

export interface ModelCardOptions {
  /** Default: the name of the architecture. */
  readonly title?: string;
  /** A sentence or more on what the model is for. */
  readonly description?: string;
  /** An SPDX name in lower case, for example `"apache-2.0"`. */
  readonly license?: string;
  /** Codes as in `"en"`. */
  readonly languages?: readonly string[];
  /** Ids of data sets on the hub. */
  readonly datasets?: readonly string[];
}

/** What the card says of the run. */
export interface RunFacts {
  /** The model's `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly parameters: number;
  /** Updates made. */
  readonly step: number;
  readonly best: BestEvaluation | undefined;
  /** As in the checkpoint's `trainer_state.json`. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The hub's name for what a head does, by the end of the architecture's name. */
const tasks: readonly (readonly [ending: string, task: string])[] = [
  ["ForCausalLM", "text-generation"],
  ["LMHeadModel", "text-generation"],
  ["ForConditionalGeneration", "text2text-generation"],
  ["ForMaskedLM", "fill-mask"],
  ["ForSequenceClassification", "text-classification"],
  ["ForTokenClassification", "token-classification"],
  ["ForQuestionAnswering", "question-answering"],
];

export function modelCard(facts: RunFacts, options: ModelCardOptions = {}): string {
  const architecture = String((facts.config.architectures as unknown[] | undefined)?.[0] ?? facts.config.model_type);
  const { title = architecture, description } = options;
  const rows = [
    ["architecture", architecture],
    ["parameters", facts.parameters.toLocaleString("en")],
    ["updates", facts.step.toLocaleString("en")],
    ...(facts.best ? [[`best held-out ${facts.best.metric}`, `${facts.best.value} (update ${facts.best.step})`]] : []),
    ...Object.entries(facts.settings).flatMap(([name, value]) =>
      name === "model" || value === undefined || value === null ? [] : [[wordsOf(name), shown(value)]],
    ),
  ];
  return [
    frontMatter(architecture, options),
    `# ${title}`,
    ...(description === undefined ? [] : [description]),
    "## Training",
    ["| | |", "| --- | --- |", ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join("\n"),
    "Trained with `@llm/train`; `transformers` opens this folder.",
  ]
    .join("\n\n")
    .concat("\n");
}

function frontMatter(architecture: string, { license, languages = [], datasets = [] }: ModelCardOptions): string {
  const task = tasks.find(([ending]) => architecture.endsWith(ending))?.[1];
  const list = (name: string, values: readonly string[]) =>
    values.length === 0 ? [] : [`${name}:`, ...values.map((value) => `- ${quoted(value)}`)];
  return [
    "---",
    ...(license === undefined ? [] : [`license: ${quoted(license)}`]),
    ...list("language", languages),
    ...list("datasets", datasets),
    "library_name: transformers",
    ...(task === undefined ? [] : [`pipeline_tag: ${task}`]),
    "---",
  ].join("\n");
}

/** JSON's strings are YAML's, and `no` in quotes is Norwegian. */
function quoted(value: string): string {
  return JSON.stringify(value);
}

/** `gradientClipping` as "gradient clipping". */
function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function shown(value: unknown): string {
  const text = typeof value === "object" ? `\`${JSON.stringify(value)}\`` : String(value);
  return text.replaceAll("|", "\\|");
}
