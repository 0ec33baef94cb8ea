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
  /** The same documents by id. */
  readonly duplicateIds: ReadonlySet<string>;
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
    duplicateIds: new Set(duplicates.map((place) => ids[place]!)),
  };
}

/** The step that drops the documents that `findNearDuplicates` named (reason `near duplicate`), told by their ids. */
export function dropNearDuplicates(found: Pick<NearDuplicates, "duplicateIds">): Step {
  return filterStep("dropNearDuplicates", ({ id }) => (found.duplicateIds.has(id) ? "near duplicate" : undefined));
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
