// Generations that step together: one run of the model gives the next token to all of them, whenever each began (continuous batching,
// Orca: Yu et al. 2022). Their rows end at the same position of one cache; what is missing before a shorter one is padding.
import { type Tensor, tensor } from "@llm/tensor";
import { disposeCache, type KeyValueCache } from "../keyValueCache.ts";
import { CachedDecoder, type CachedRows, roomFor } from "./cachedDecoder.ts";
import { type Decoder, isCounting, type NextRows, splitRows } from "./decode.ts";
import type { DecoderPrograms } from "./decoderPrograms.ts";
import type { Prompts } from "./prompts.ts";

/** A generation that takes part. */
interface Member {
  /** What it has read alone, until its first step with the others. */
  own: CachedRows | undefined;
  /** Its first row in the pool's cache, from then on. */
  first: number;
}

/** What a member waits for. */
interface Asked extends NextRows {
  readonly member: Member;
  resolve(rows: Float32Array[]): void;
  reject(error: unknown): void;
}

/** Some rows of a cache. */
interface Pick {
  readonly from: CachedRows;
  readonly rows: readonly number[];
}

/** A step runs once every member has asked for it or has left: each must be read without pauses. */
export class DecoderPool {
  readonly #programs: DecoderPrograms;
  readonly #members = new Map<Member, Asked | undefined>();
  #rows: CachedRows | undefined;
  #padding: Tensor | undefined;
  #isRunning = false;

  /** `programs` are those that always pad. */
  constructor(programs: DecoderPrograms) {
    this.#programs = programs;
  }

  /** A decoder of `prompts`, which it reads alone before it joins the others. */
  decoder(prompts: Prompts): Decoder {
    const member: Member = { own: undefined, first: 0 };
    const alone = new CachedDecoder(this.#programs, prompts);
    return {
      start: async () => {
        const logits = await alone.start();
        member.own = alone.handOver();
        this.#members.set(member, undefined);
        return logits;
      },
      next: (rows) =>
        new Promise((resolve, reject) => {
          this.#members.set(member, { ...rows, member, resolve, reject });
          this.#stepWhenAllAsk();
        }),
      dispose: () => {
        alone.dispose();
        this.#leave(member);
      },
    };
  }

  #leave(member: Member): void {
    if (member.own) disposeCache(member.own.cache);
    this.#members.delete(member);
    this.#stepWhenAllAsk();
  }

  #stepWhenAllAsk(): void {
    if (this.#isRunning) return;
    if (this.#members.size === 0) this.#replace(undefined);
    const all = [...this.#members.values()].filter((asked) => asked !== undefined);
    if (all.length === 0 || all.length < this.#members.size) return;
    for (const { member } of all) this.#members.set(member, undefined);
    this.#isRunning = true;
    this.#step(all)
      .then(
        (logits) => {
          for (const [i, { resolve }] of all.entries()) resolve(logits[i]!);
        },
        (error: unknown) => {
          this.#replace(undefined);
          for (const { reject } of all) reject(error);
        },
      )
      .finally(() => {
        this.#isRunning = false;
        this.#stepWhenAllAsk();
      });
  }

  /** Logits of the rows of each member. */
  async #step(all: readonly Asked[]): Promise<Float32Array[][]> {
    const { model } = this.#programs;
    await this.#arrange(picksOf(all, this.#rows));
    const ids: number[] = [];
    for (const asked of all) {
      Object.assign(asked.member, { own: undefined, first: ids.length });
      ids.push(...asked.ids);
    }
    const { cache, length, padding } = this.#rows!;
    this.#padding ??= tensor(Int32Array.from(padding));
    using inputIds = tensor(Int32Array.from(ids), { shape: [ids.length, 1] });
    const options = { padding: this.#padding };
    const result = await this.#programs.step(options)(model, inputIds, cache, options);
    this.#rows = { cache: result.cache, length: length + 1, padding };
    using logits = result.logits;
    const rows = splitRows((await logits.data()) as Float32Array, ids.length);
    return all.map(({ member, ids }) => rows.slice(member.first, member.first + ids.length));
  }

  /** Makes a cache of the picked rows, with room for one more position, unless the pool's is that already. */
  async #arrange(picks: readonly Pick[]): Promise<void> {
    const [only] = picks;
    const isSame = picks.length === 1 && only!.from === this.#rows && isCounting(only!.rows, only!.from.padding.length);
    if (isSame && only!.from.length < capacityOf(only!.from.cache)) return;
    const { takeRows, joinRows, model } = this.#programs;
    const length = Math.max(...picks.flatMap(({ from, rows }) => rows.map((row) => from.length - from.padding[row]!)));
    const capacity = roomFor(length + 1, model.config.contextLength);
    let joined: Omit<KeyValueCache, "length"> | undefined;
    const padding: number[] = [];
    for (const { from, rows } of picks) {
      const shift = length - from.length;
      const last = capacityOf(from.cache) - 1;
      using parents = tensor(Int32Array.from(rows));
      // What lies outside of the old cache is padding or not filled yet: its values do not matter.
      using places = tensor(Int32Array.from({ length: capacity }, (_, i) => Math.min(Math.max(i - shift, 0), last)));
      const { key, value } = from.cache;
      const taken = await takeRows({ key, value }, parents, places);
      joined = joined ? await joinRows(joined, taken) : taken;
      padding.push(...rows.map((row) => from.padding[row]! + shift));
    }
    for (const { from } of picks) if (from !== this.#rows) disposeCache(from.cache);
    this.#replace({ cache: { ...joined!, length: tensor(length, { dtype: "int32" }) }, length, padding });
  }

  #replace(rows: CachedRows | undefined): void {
    if (this.#rows) disposeCache(this.#rows.cache);
    this.#padding?.dispose();
    this.#padding = undefined;
    this.#rows = rows;
  }
}

/** Where the next rows go on from: those of members that step together already come first, as they joined first. */
function picksOf(all: readonly Asked[], together: CachedRows | undefined): Pick[] {
  const known = all.filter(({ member }) => !member.own);
  const rows = known.flatMap(({ member, parents }) => parents.map((row) => member.first + row));
  const fresh = all.flatMap(({ member, parents }) => (member.own ? [{ from: member.own, rows: parents }] : []));
  return known.length > 0 ? [{ from: together!, rows }, ...fresh] : fresh;
}

function capacityOf(cache: KeyValueCache): number {
  return cache.key[0]!.shape[2] as number;
}
