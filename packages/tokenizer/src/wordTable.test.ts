import { expect, it } from "vitest";
import { seededRandom } from "./testing/fixtures.ts";
import { hashUnits, WordTable } from "./wordTable.ts";

it("numbers distinct words in order of arrival, also of equal hash, and starts over when cleared", () => {
  const random = seededRandom(6);
  const table = new WordTable();
  for (let pass = 0; pass < 2; pass++) {
    const entries = new Map<string, number>();
    for (let i = 0; i < 10_000; i++) {
      const units = Uint16Array.from({ length: Math.floor(random() * 4) }, () => Math.floor(random() * 20));
      // Few hashes on purpose: entries must be told apart by what they hold.
      const hash = hashUnits(units, 0, units.length) & 0xff;
      const known = entries.get(units.join());
      expect(table.find(units, 0, units.length, hash)).toBe(known ?? -1);
      if (known !== undefined) continue;
      const entry = table.add(units, 0, units.length, hash);
      expect(entry).toBe(entries.size);
      entries.set(units.join(), entry);
      expect(table.units.subarray(table.start(entry), table.end(entry))).toEqual(units);
    }
    expect(table.size).toBe(entries.size);
    table.clear();
    expect([table.size, table.unitCount]).toEqual([0, 0]);
  }
});
