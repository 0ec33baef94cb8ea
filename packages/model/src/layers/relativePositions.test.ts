import { iota, referenceExecutor, setDefaultExecutor, tensor } from "@llm/tensor";
import { expect, it } from "vitest";
import { loadFixture } from "../../test/fixture.ts";
import { positionBuckets } from "./relativePositions.ts";

setDefaultExecutor(referenceExecutor());

it.each([
  [32, 128],
  [8, 10],
  [16, 1000],
  [64, 256],
  [32, 100],
])("%i buckets up to distance %i are transformers' for every relative position", async (buckets, maximumDistance) => {
  const expected = await loadFixture(new URL("../__fixtures__/t5-buckets.safetensors", import.meta.url).pathname);
  const queries = tensor(Int32Array.of(1100));
  for (const bidirectional of [true, false]) {
    const found = positionBuckets(queries, iota(2201), { buckets, maximumDistance, bidirectional });
    expect([...(await found.data())]).toEqual(expected.numbers(`${buckets}-${maximumDistance}-${bidirectional}`));
  }
});

it("depends on the difference of the positions alone", async () => {
  const options = { buckets: 8, maximumDistance: 10, bidirectional: true };
  const near = await positionBuckets(iota(5), iota(7), options).data();
  const far = await positionBuckets(iota(5).add(300), iota(7).add(300), options).data();
  expect(far).toEqual(near);
});
