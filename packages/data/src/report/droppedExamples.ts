// What a pipeline dropped, by step and reason: how often, and a few examples of each.
import type { Document } from "../document.ts";
import { Sample } from "./sampleDocuments.ts";

/** Documents that one step dropped for one reason. */
export interface DropGroup {
  readonly step: string;
  readonly reason: string;
  readonly count: number;
  readonly examples: readonly { readonly id: string; readonly text: string }[];
}

const examplesKept = 3;
const excerptCharacters = 600;

/** Reads records of a `droppedFile`, the greatest group first. */
export async function dropGroups(dropped: AsyncIterable<Document> | Iterable<Document>): Promise<DropGroup[]> {
  const groups = new Map<
    string,
    { step: string; reason: string; count: number; sample: Sample<DropGroup["examples"][0]> }
  >();
  for await (const { id, text, metadata } of dropped) {
    const step = String(metadata?.step ?? "unknown step");
    const reason = String(metadata?.reason ?? "unknown reason");
    const key = JSON.stringify([step, reason]);
    const group = groups.get(key) ?? { step, reason, count: 0, sample: new Sample(examplesKept) };
    group.count += 1;
    group.sample.offer({ id, text: excerpt(text) });
    groups.set(key, group);
  }
  return [...groups.values()]
    .map(({ sample, ...group }) => ({ ...group, examples: sample.items }))
    .sort((a, b) => b.count - a.count);
}

/** The start, without half a character at its end. */
function excerpt(text: string): string {
  if (text.length <= excerptCharacters) return text;
  return `${text.slice(0, excerptCharacters).replace(/[\uD800-\uDBFF]$/, "")} …`;
}
