// The slow and obvious decoder that the cached one is tested against: every row alone, and all of it again for each token.
import { type CompiledFunction, compile, type Executor, type Tensor, tensor } from "@llm/tensor";
import type { CausalLanguageModel, EncoderDecoderModel } from "../model.ts";
import type { Decoder, NextRows } from "./decode.ts";
import { type GenerativeModel, isEncoderDecoder, type Prompts } from "./prompts.ts";

type Last = (ids: readonly number[], prompt: number) => Promise<Float32Array>;

export class UncachedDecoder implements Decoder {
  readonly #last: Last;
  readonly #dispose: () => void;
  #rows: readonly { readonly prompt: number; readonly ids: readonly number[] }[];

  constructor(model: GenerativeModel, prompts: Prompts, { executor }: { executor?: Executor | undefined }) {
    this.#rows = prompts.starts.map(({ ids }, prompt) => ({ prompt, ids }));
    const forward: CompiledFunction<[GenerativeModel, ...Tensor[]], Tensor> = compile(
      (model, ids, source) => logitsOf(model, ids!, source).slice(1, -1),
      {
        dynamic: { "1": ["batch", "sequence"], ...(prompts.sources ? { "2": ["batch", "source"] } : {}) },
        ...(executor ? { executor } : {}),
      },
    );
    this.#dispose = () => forward.dispose();
    this.#last = async (ids, prompt) => {
      const source = prompts.sources?.[prompt];
      const inputs = [ids, ...(source ? [source] : [])].map((ids) =>
        tensor(Int32Array.from(ids), { shape: [1, ids.length] }),
      );
      using logits = await forward(model, ...inputs);
      for (const input of inputs) input.dispose();
      return (await logits.data()) as Float32Array;
    };
  }

  start(): Promise<Float32Array[]> {
    return this.#run();
  }

  next({ parents, ids }: NextRows): Promise<Float32Array[]> {
    this.#rows = parents.map((parent, row) => ({
      ...this.#rows[parent]!,
      ids: [...this.#rows[parent]!.ids, ids[row]!],
    }));
    return this.#run();
  }

  dispose(): void {
    this.#dispose();
  }

  async #run(): Promise<Float32Array[]> {
    const rows: Float32Array[] = [];
    for (const { ids, prompt } of this.#rows) rows.push(await this.#last(ids, prompt));
    return rows;
  }
}

/** What a decoder reads is `ids`; what an encoder before it reads is `source`. */
function logitsOf(model: GenerativeModel, ids: Tensor, source: Tensor | undefined): Tensor {
  if (isEncoderDecoder(model)) return (model as EncoderDecoderModel).forward(source!, { decoderInputIds: ids });
  return (model as CausalLanguageModel).forward(ids);
}
