// The committed module is that of minhash.wat. What it computes is tested against datatrove's signatures in nearDuplicates.test.ts.
import { expect, it } from "vitest";
import { assembleMinhash } from "../../test/assembleMinhash.ts";
import { Minhasher } from "./minhash.ts";
import { minhashModule } from "./minhashModule.ts";

it("minhashModule.ts holds minhash.wat, assembled", async () => {
  expect(minhashModule).toBe(await assembleMinhash());
});

it("makes room for long texts and many hashes", () => {
  const hasher = new Minhasher({ buckets: 100, hashesPerBucket: 10 });
  const words = Array.from({ length: 20_000 }, (_, i) => `word${i}é`);
  const signature = hasher.signature(words.join(" "))!;
  expect(signature).toHaveLength(2000);
  expect(signature.every((half, i) => i % 2 === 1 || half < 2 ** 29)).toBe(true);
  // More shingles can only lower a hash.
  const start = hasher.signature(words.slice(0, 10_000).join(" "))!;
  const value = (halves: Uint32Array, i: number) => halves[i]! * 2 ** 32 + halves[i + 1]!;
  for (let i = 0; i < signature.length; i += 2) expect(value(signature, i)).toBeLessThanOrEqual(value(start, i));
});
