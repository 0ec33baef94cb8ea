// Near-duplicates by MinHash and locality-sensitive hashing (Broder 1997; Indyk and Motwani 1998), kept and dropped exactly as
// datatrove's stages 2 to 4 do on one file of documents.
import type { Document, Step } from "../document.ts";
import { DocumentClusters } from "./documentClusters.ts";
import { filterStep } from "./filterStep.ts";
import { Minhasher, type MinhashOptions } from "./minhash.ts";

/** What `findNearDuplicates` found. */
export interface NearDuplicates {
  /** Documents looked at. */
  readonly documentCount: number;
  /** Groups of two or more near-duplicates. */
  readonly clusterCount: number;
  /** The places, from 0 and ascending, of the documents to drop: all but one of each cluster. */
  readonly duplicates: readonly number[];
  /** The same documents by id, but for ids that a document to keep has as well. */
  readonly duplicateIds: ReadonlySet<string>;
  /** Of those ids: which of the documents that have it, counted from 0 in their order, are to be dropped. */
  readonly sharedIds: ReadonlyMap<string, ReadonlySet<number>>;
}

/**
 * Finds English documents that nearly repeat another one: those that agree in all hashes of a bucket, and those linked by
 * such documents, are one cluster. Texts are compared in lower case, without punctuation, diacritics and numbers. The
 * result depends on the order of the documents alone. Memory: 8 bytes per hash, 0.9 KB a document with the defaults.
 *
 * @example
 * const found = await findNearDuplicates(readDocuments("corpus/"));
 * const kept = pipeline(readDocuments("corpus/"), [dropNearDuplicates(found)]);
 */
export async function findNearDuplicates(
  documents: AsyncIterable<Document> | Iterable<Document>,
  options: MinhashOptions = {},
): Promise<NearDuplicates> {
  const hasher = new Minhasher(options);
  const ids: string[] = [];
  const signatures: (Uint32Array | undefined)[] = [];
  for await (const { id, text } of documents) {
    ids.push(id);
    signatures.push(hasher.signature(text));
  }
  const clusters = new DocumentClusters(Float64Array.from(ids.keys()));
  const wordsPerBucket = hasher.hashesPerBucket * 2;
  for (let bucket = 0; bucket < hasher.buckets; bucket++) {
    for (const group of groupsOf(signatures, bucket * wordsPerBucket, wordsPerBucket)) {
      for (let i = 1; i < group.length; i++) clusters.join(group[i - 1]!, group[i]!);
    }
  }
  const duplicates = [...clusters.otherMembers()];
  return {
    documentCount: ids.length,
    clusterCount: clusters.count,
    duplicates,
    ...namesOf(duplicates, ids),
  };
}

/**
 * The step that drops the documents that `findNearDuplicates` named (reason `near duplicate`), told by their ids. Documents
 * that share an id are told apart by their order, so no step before this one may drop any of them.
 */
export function dropNearDuplicates(
  found: Pick<NearDuplicates, "duplicateIds"> & Partial<Pick<NearDuplicates, "sharedIds">>,
): Step {
  const name = "dropNearDuplicates";
  return {
    name,
    apply(documents, run) {
      const met = new Map<string, number>();
      const isDuplicate = (id: string): boolean => {
        const places = found.sharedIds?.get(id);
        if (places === undefined) return found.duplicateIds.has(id);
        const place = met.get(id) ?? 0;
        met.set(id, place + 1);
        return places.has(place);
      };
      return filterStep(name, ({ id }) => (isDuplicate(id) ? "near duplicate" : undefined)).apply(documents, run);
    },
  };
}

function namesOf(
  duplicates: readonly number[],
  ids: readonly string[],
): Pick<NearDuplicates, "duplicateIds" | "sharedIds"> {
  const dropped = new Set(duplicates);
  const duplicateIds = new Set(duplicates.map((place) => ids[place]!));
  const kept = new Set(ids.filter((id, place) => duplicateIds.has(id) && !dropped.has(place)));
  const sharedIds = new Map(Array.from(kept, (id) => [id, new Set<number>()]));
  const counts = new Map<string, number>();
  for (const [place, id] of ids.entries()) {
    const count = counts.get(id) ?? 0;
    if (!kept.has(id)) continue;
    counts.set(id, count + 1);
    if (dropped.has(place)) sharedIds.get(id)!.add(count);
  }
  for (const id of kept) duplicateIds.delete(id);
  return { duplicateIds, sharedIds };
}

/** Documents with equal words in one part of the signature, two or more, in order of those words. */
function groupsOf(signatures: readonly (Uint32Array | undefined)[], start: number, length: number): number[][] {
  const groups = new Map<string, number[]>();
  for (const [place, signature] of signatures.entries()) {
    if (!signature) continue;
    const key = String.fromCharCode(...new Uint16Array(signature.buffer, start * 4, length * 2));
    const group = groups.get(key);
    if (group) group.push(place);
    else groups.set(key, [place]);
  }
  const shared = [...groups.values()].filter((group) => group.length > 1);
  return shared.sort((a, b) => compareParts(signatures[a[0]!]!, signatures[b[0]!]!, start, length));
}

function compareParts(a: Uint32Array, b: Uint32Array, start: number, length: number): number {
  for (let i = start; i < start + length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
