// The global step of deduplication: equal digests and equal MinHash bands over the signature files of all shards, by SQL.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DocumentClusters } from "../filters/documentClusters.ts";
import { Database, type DatabaseOptions } from "./duckdb.ts";
import { type DuplicateSummary, writeDuplicates, writeSummary } from "./duplicateFiles.ts";
import { bandColumn } from "./signatureFile.ts";

// A document's number is its shard's times this and its place in the shard: shards and places of 32 and 21 bits fit a double.
const placesPerShard = 2 ** 32;

/** What `findDuplicates` works on. */
export interface FindOptions extends Omit<DatabaseOptions, "file"> {
  /** The signature files of all shards, in the order of the shards. */
  readonly files: readonly string[];
  /** Folder for the places of duplicates. */
  readonly folder: string;
  /** Leave out documents whose text came before, also from the search for near-duplicates. */
  readonly exact: boolean;
  /** Number of MinHash bands in the files; 0 where none were made. */
  readonly bands: number;
  /** Identifies the signatures. */
  readonly signatures: string;
}

/**
 * Writes for each shard which of its documents are duplicates, and the summary last. The same signatures give the same files,
 * whatever the number of threads.
 */
export async function findDuplicates(options: FindOptions): Promise<DuplicateSummary> {
  const { files, folder, exact, bands, signatures, threads, memory } = options;
  const work = join(folder, "work");
  // With an older summary beside new places the removal would trust both.
  await rm(folder, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const database = await Database.open({ file: join(work, "find.duckdb"), threads, memory });
  try {
    await createTables(database, { files, exact, bands });
    const clusters = await joinNear(database);
    const near = clusters.otherMembers();
    await writePlaces(database, { shards: files.length, folder, near });
    const [documents, exactDuplicates] = await database.firstRow(
      "SELECT (SELECT count(*) FROM documents)::DOUBLE, (SELECT count(*) FROM repeated)::DOUBLE",
    );
    const summary: DuplicateSummary = {
      documents: documents!,
      exactDuplicates: exactDuplicates!,
      nearDuplicates: near.length,
      nearClusters: clusters.count,
      signatures,
    };
    await writeSummary(folder, summary);
    return summary;
  } finally {
    database.close();
    await rm(work, { recursive: true, force: true });
  }
}

/** `repeated` holds the documents whose text came before, `joins` the pairs of neighbours with equal bands in the order of joining. */
async function createTables(
  database: Database,
  { files, exact, bands }: Pick<FindOptions, "files" | "exact" | "bands">,
): Promise<void> {
  const list = files.map((file) => `'${file.replaceAll("'", "''")}'`).join(", ");
  await database.run(`CREATE VIEW documents AS
    SELECT *, shard::BIGINT * ${placesPerShard} + file_row_number AS number
    FROM read_parquet([${list}], file_row_number = true)`);
  await database.run(`CREATE TABLE repeated AS
    SELECT number FROM (
      SELECT number, row_number() OVER (PARTITION BY digest ORDER BY number) AS nth FROM documents
      WHERE digest IN (SELECT digest FROM documents GROUP BY digest HAVING count(*) > 1))
    WHERE nth > 1 AND ${exact}`);
  await database.run("CREATE TABLE joins (band INTEGER, nth BIGINT, previous BIGINT, number BIGINT)");
  for (let band = 0; band < bands; band++) {
    await database.run(`INSERT INTO joins
      WITH hashed AS (
        SELECT ${bandColumn(band)} AS hashes, number FROM documents
        WHERE hashes IS NOT NULL AND number NOT IN (SELECT number FROM repeated))
      SELECT ${band}, row_number() OVER (ORDER BY hashes, number), previous, number FROM (
        SELECT hashes, number, lag(number) OVER (PARTITION BY hashes ORDER BY number) AS previous FROM hashed
        WHERE hashes IN (SELECT hashes FROM hashed GROUP BY hashes HAVING count(*) > 1))
      WHERE previous IS NOT NULL`);
  }
}

async function joinNear(database: Database): Promise<DocumentClusters> {
  await database.run(
    "CREATE TABLE members AS SELECT DISTINCT number FROM (SELECT previous AS number FROM joins UNION ALL SELECT number FROM joins)",
  );
  const [count] = await database.firstRow("SELECT count(*)::DOUBLE FROM members");
  const members = new Float64Array(count!);
  let filled = 0;
  for await (const [numbers] of database.numbers("SELECT number::DOUBLE FROM members ORDER BY number")) {
    members.set(numbers!, filled);
    filled += numbers!.length;
  }
  const clusters = new DocumentClusters(members);
  const pairs = "SELECT previous::DOUBLE, number::DOUBLE FROM joins ORDER BY band, nth";
  for await (const [previous, number] of database.numbers(pairs)) {
    for (const [i, a] of previous!.entries()) clusters.join(a, number![i]!);
  }
  return clusters;
}

async function writePlaces(
  database: Database,
  { shards, folder, near }: { readonly shards: number; readonly folder: string; readonly near: Float64Array },
): Promise<void> {
  let from = 0;
  for (let shard = 0; shard < shards; shard++) {
    const first = shard * placesPerShard;
    const end = first + placesPerShard;
    const exact: number[] = [];
    const repeated = `SELECT number::DOUBLE FROM repeated WHERE number >= ${first} AND number < ${end} ORDER BY number`;
    for await (const [numbers] of database.numbers(repeated)) for (const number of numbers!) exact.push(number - first);
    let to = from;
    while (to < near.length && near[to]! < end) to++;
    const places = Array.from(near.subarray(from, to), (number) => number - first);
    await writeDuplicates(folder, shard, { exact, near: places });
    from = to;
  }
}
