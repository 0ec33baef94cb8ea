// The pipeline of main.ts. It is a module of its own because every worker thread loads it.
import {
  chunk,
  filterFineWebQuality,
  filterGopherQuality,
  filterGopherRepetition,
  filterLanguage,
  filterLength,
  maskPersonalData,
  normalize,
  type ReadOptions,
  repairUnicode,
  type Step,
} from "@llm/data";

export const readOptions: ReadOptions = { badInput: "skip" };

export function steps(): Step[] {
  return [
    repairUnicode(),
    normalize(),
    // An address is a book chapter long: cut it between paragraphs or sentences into documents of about two pages.
    chunk({ maxCharacters: 6_000 }),
    filterLength({ minCharacters: 500 }),
    filterLanguage({ languages: ["en"] }),
    filterGopherRepetition(),
    filterGopherQuality(),
    filterFineWebQuality(),
    maskPersonalData(),
  ];
}
