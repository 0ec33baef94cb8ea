// A seeded corpus of several files with exact and near-duplicates within and across files.
import type { TemporaryFolder } from "./temporaryFolder.ts";

const words =
  "river mountain people govern treaty harbour winter summer season market labour peace union senate congress island revenue commerce railway settlement frontier harvest minister letter counsel petition measure journey citizen nation".split(
    " ",
  );

/** Writes `files` JSONL files of `documents` documents each to the folder `corpus`; returns its path. */
export function writeShardCorpus(folder: TemporaryFolder, files: number, documents: number): string {
  let state = 12345;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const texts: string[] = [];
  for (let file = 0; file < files; file++) {
    const lines: string[] = [];
    for (let i = 0; i < documents; i++) {
      const kind = next(10);
      const earlier = texts[next(texts.length)];
      let text = Array.from({ length: 5 + next(80) }, () => words[next(words.length)]).join(" ");
      if (earlier !== undefined && kind === 0) text = earlier;
      if (earlier !== undefined && (kind === 1 || kind === 2))
        text = earlier.replace(/^\w+/, words[next(words.length)]!);
      texts.push(text);
      lines.push(JSON.stringify({ id: `${file}-${i}`, text }));
    }
    folder.write(`corpus/part-${file}.jsonl`, `${lines.join("\n")}\n`);
  }
  return folder.join("corpus");
}
