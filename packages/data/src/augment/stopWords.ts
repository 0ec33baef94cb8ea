// Words too common to have synonyms that fit, by language: the lists of the npm package `stopword`.
import { createRequire } from "node:module";

const listNames: Readonly<Record<string, string>> = {
  ar: "ara",
  bg: "bul",
  ca: "cat",
  cs: "ces",
  da: "dan",
  de: "deu",
  el: "ell",
  en: "eng",
  es: "spa",
  et: "est",
  fi: "fin",
  fr: "fra",
  he: "heb",
  hi: "hin",
  hr: "hrv",
  hu: "hun",
  id: "ind",
  it: "ita",
  ja: "jpn",
  ko: "kor",
  lt: "lit",
  lv: "lav",
  nl: "nld",
  no: "nob",
  pl: "pol",
  pt: "por",
  ro: "ron",
  ru: "rus",
  sk: "slk",
  sl: "slv",
  sv: "swe",
  tr: "tur",
  uk: "ukr",
  vi: "vie",
  zh: "zho",
};

/** The stop words of a language; none for one without a list. */
export function stopWords(language: string): ReadonlySet<string> {
  const name = listNames[language];
  if (name === undefined) return new Set();
  return new Set((createRequire(import.meta.url)("stopword") as Record<string, readonly string[]>)[name]);
}
