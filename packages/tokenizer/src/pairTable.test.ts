import { expect, it } from "vitest";
import { PairTable } from "./pairTable.ts";
import { seededRandom } from "./testing/fixtures.ts";

it("holds what a map holds, while it grows", () => {
  const random = seededRandom(5);
  const table = new PairTable(8);
  const map = new Map<string, [number, number]>();
  for (let i = 0; i < 20_000; i++) {
    const [left, right] = [Math.floor(random() * 200), Math.floor(random() * 200)];
    table.set(left, right, i, ~i);
    map.set(`${left} ${right}`, [i, ~i]);
  }
  expect(table.size).toBe(map.size);
  for (let left = 0; left < 201; left++) {
    for (let right = 0; right < 201; right++) {
      const at = table.find(left, right);
      expect(at < 0 ? undefined : [table.first(at), table.second(at)]).toEqual(map.get(`${left} ${right}`));
    }
  }
  const visited = new Map<string, [number, number]>();
  table.forEach((left, right, first, second) => {
    visited.set(`${left} ${right}`, [first, second]);
  });
  expect(visited).toEqual(map);
});
