// Our side of the attention benchmark, in a process of its own so that its peak memory is its own: forward and backward of one GPT block,
// as many times as a line on standard input says. The Python peer speaks the same protocol.
// `attentionProcess.ts --length TOKENS [--plain] [--window TOKENS]`
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { type CausalLanguageModel, Gpt, Llama, namedParameters } from "@llm/model";
import { compile, onnxExecutor, sumOfSquares, type Tensor, tensor, valueAndGrad } from "@llm/tensor";

const { values } = parseArgs({
  options: {
    length: { type: "string", default: "1024" },
    plain: { type: "boolean", default: false },
    window: { type: "string" },
  },
});
const length = Number(values.length);
const size = { vocabularySize: 64, contextLength: length, layers: 1, heads: 4, width: 256 };
const model: CausalLanguageModel = values.window
  ? new Llama({ ...size, family: "mistral", hiddenWidth: 1024, slidingWindow: Number(values.window) })
  : new Gpt(size);
const options = values.plain ? { attentionBlockSize: Number.POSITIVE_INFINITY } : {};
const inputIds = tensor(
  Int32Array.from({ length }, (_, i) => (i * i + 7 * i) % 64),
  { shape: [1, length] },
);

/** The loss, and one number of the gradients so that none of them is left out. */
const step = compile(
  (model: CausalLanguageModel, inputIds: Tensor): [Tensor, Tensor] => {
    const [loss, gradients] = valueAndGrad((model: CausalLanguageModel) =>
      model.forward(inputIds, options).crossEntropy(inputIds),
    )(model);
    const squares = [...namedParameters(gradients).values()].map((gradient) => sumOfSquares(gradient));
    return [loss as Tensor, squares.reduce((a, b) => a.add(b))];
  },
  { executor: onnxExecutor() },
);

async function run(): Promise<number> {
  const start = performance.now();
  const results = await step(model, inputIds);
  await Promise.all(results.map((result) => result.item()));
  const milliseconds = performance.now() - start;
  for (const result of results) result.dispose();
  return milliseconds;
}

const say = (event: Record<string, unknown>) => console.log(JSON.stringify(event));

const firstMs = await run();
await run();
say({ event: "ready", firstMs });
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "quit") break;
  for (let i = 0; i < Number(line); i++) say({ event: "step", ms: await run() });
}
say({ event: "quit", peakMemoryBytes: process.resourceUsage().maxRSS * 1024 });
process.exit(0);
