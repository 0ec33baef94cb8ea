// Writes preferences.jsonl: words on a subject from speeches since 1933 are preferred to words of about the same length from before 1900.
// The preference is ours by construction; the sentences are the presidents'. `node --import … examples/09-preferences/makePreferences.ts`
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Exchange, subjectRequests } from "../shared/conversations.ts";
import { readSpeeches, type Speech } from "../shared/speeches.ts";

const { train, heldOut } = readSpeeches({ small: false });
const all = [...train, ...heldOut];

function requestsBetween(from: number, to: number): Exchange[] {
  return subjectRequests(all.filter(({ year }: Speech) => year >= from && year < to));
}

const unused = requestsBetween(1790, 1900);
const pairs = requestsBetween(1933, 2100).flatMap(([{ content: prompt }, { content: chosen }]) => {
  const length = String(chosen).length;
  const place = unused.findIndex(
    ([user, { content }]) => user.content === prompt && Math.abs(String(content).length - length) <= 5,
  );
  const [rejected] = place < 0 ? [] : unused.splice(place, 1);
  return rejected ? [{ prompt, chosen, rejected: rejected[1].content }] : [];
});
const path = join(import.meta.dirname, "preferences.jsonl");
writeFileSync(`${path}.tmp`, pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(""));
renameSync(`${path}.tmp`, path);
console.log(`${pairs.length} pairs`);
