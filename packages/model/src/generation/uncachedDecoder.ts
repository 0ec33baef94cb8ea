// The slow and obvious decoder that the cached one is tested against: every row alone, and all of it again for each token.
import { type CompiledFunction, compile, type Executor, type Tensor, tensor } from "@llm/tensor";
import type { Decoder, NextRows } from "./decode.ts";
import { type GenerativeModel, isEncoderDecoder, type Prompts } from "./prompts.ts";

/** Logits of the last position, of the ids that a decoder reads and of those that an encoder before it reads. */
export type WholeForward = CompiledFunction<[GenerativeModel, ids: Tensor, source: Tensor | undefined], Tensor>;

export function wholeForward(model: GenerativeModel, executor: Executor | undefined): WholeForward {
  const source = isEncoderDecoder(model) ? { "2": ["batch", "source"] } : {};
  return compile(
    (model, ids, source) => {
      const logits = isEncoderDecoder(model) ? model.forward(source!, { decoderInputIds: ids }) : model.forward(ids);
      return logits.slice(1, -1);
    },
    { dynamic: { "1": ["batch", "sequence"], ...source }, ...(executor ? { executor } : {}) },
  );
}

export class UncachedDecoder implements Decoder {
  readonly #model: GenerativeModel;
  readonly #forward: WholeForward;
  readonly #sources: Prompts["sources"];
  #rows: readonly { readonly prompt: number; readonly ids: readonly number[] }[];

  constructor(model: GenerativeModel, { starts, sources }: Prompts, { forward }: { forward: WholeForward }) {
    this.#model = model;
    this.#forward = forward;
    this.#sources = sources;
    this.#rows = starts.map(({ ids }, prompt) => ({ prompt, ids }));
  }

  async start(): Promise<Float32Array[]> {
    const logits: Float32Array[] = [];
    for (const { ids, prompt } of this.#rows) logits.push(await this.#last(ids, this.#sources?.[prompt]));
    return logits;
  }

  next({ parents, ids }: NextRows): Promise<Float32Array[]> {
    this.#rows = parents.map((parent, row) => {
      const before = this.#rows[parent]!;
      return { ...before, ids: [...before.ids, ids[row]!] };
    });
    return this.start();
  }

  dispose(): void {}

  async #last(ids: readonly number[], source: readonly number[] | undefined): Promise<Float32Array> {
    const row = (ids: readonly number[]) => tensor(Int32Array.from(ids), { shape: [1, ids.length] });
    using inputIds = row(ids);
    const sourceIds = source && row(source);
    using logits = await this.#forward(this.#model, inputIds, sourceIds);
    sourceIds?.dispose();
    return (await logits.data()) as Float32Array;
  }
}
