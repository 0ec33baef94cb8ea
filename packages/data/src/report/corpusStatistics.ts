// What a report says of documents: counts and lengths of all of them; languages and quality of a sample, where the documents do not say.
import type { Document } from "../document.ts";
import { languageClassifier } from "../language/languageModel.ts";
import { englishCharacterModel } from "../quality/filterGibberish.ts";
import { type Histogram, histogram, LengthHistogram } from "./histogram.ts";
import { Sample } from "./sampleDocuments.ts";

/** Numbers of a corpus, as the report shows them. */
export interface CorpusStatistics {
  readonly documents: number;
  readonly characters: number;
  /** UTF-8 bytes. */
  readonly bytes: number;
  /** Median, and the lengths that 5 and 95 of 100 documents stay below, in characters; of the sample. */
  readonly lengthQuantiles: { readonly low: number; readonly median: number; readonly high: number };
  readonly lengths: Histogram;
  /** Documents by language, the most frequent first; of the sample. */
  readonly languages: readonly (readonly [language: string, documents: number])[];
  /** Of the sample, one for each measure that documents have. */
  readonly quality: readonly { readonly name: string; readonly explanation: string; readonly histogram: Histogram }[];
  readonly sampled: number;
}

/** Reads the documents once; keeps `sampleSize` of them in memory. */
export async function corpusStatistics(
  documents: AsyncIterable<Document> | Iterable<Document>,
  sampleSize: number,
): Promise<{ readonly statistics: CorpusStatistics; readonly sample: readonly Document[] }> {
  const sample = new Sample<Document>(sampleSize);
  const lengths = new LengthHistogram();
  let count = 0;
  let characters = 0;
  let bytes = 0;
  for await (const document of documents) {
    count += 1;
    characters += document.text.length;
    bytes += Buffer.byteLength(document.text);
    lengths.add(document.text.length);
    sample.offer(document);
  }
  const sorted = sample.items.map(({ text }) => text.length).sort((a, b) => a - b);
  const quantile = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const languages = await Promise.all(sample.items.map(languageOf));
  return {
    sample: sample.items,
    statistics: {
      documents: count,
      characters,
      bytes,
      lengthQuantiles: { low: quantile(0.05), median: quantile(0.5), high: quantile(0.95) },
      lengths: lengths.histogram(),
      languages: countEach(languages),
      quality: qualityMeasures(sample.items, languages),
      sampled: sample.items.length,
    },
  };
}

/** What an earlier step noted, or else what the classifier of 176 languages says. */
async function languageOf({ text, metadata }: Document): Promise<string> {
  if (typeof metadata?.language === "string") return metadata.language;
  const [best] = (await languageClassifier()).predict(text);
  return best?.label ?? "unknown";
}

function countEach(values: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

function qualityMeasures(sample: readonly Document[], languages: readonly string[]): CorpusStatistics["quality"] {
  const scores = (field: string) =>
    sample.flatMap(({ metadata }) => (typeof metadata?.[field] === "number" ? [metadata[field]] : []));
  const english = sample.filter((_, place) => languages[place] === "en");
  const measures = [
    {
      name: "Quality score",
      explanation: "Probability of good text, as filterQuality noted it.",
      values: scores("qualityScore"),
    },
    {
      name: "Certainty of the language",
      explanation: "Probability of the language, as filterLanguage noted it.",
      values: scores("languageScore"),
    },
    {
      name: "Perplexity of letters",
      explanation:
        "English documents under a model of English letters: prose lies at 5 to 10, code at 15, gibberish above 30.",
      values: english.map(({ text }) => Math.min(50, englishCharacterModel().measure(text).perplexity)),
    },
  ];
  return measures
    .filter(({ values }) => values.length > 0)
    .map(({ name, explanation, values }) => ({ name, explanation, histogram: histogram(values, 20) }));
}
