// Writes a classifier trained here, with its predictions, into a folder, for tools/fixtures/check_fasttext.py:
// `node --import tsx packages/data/test/writeClassifier.ts FOLDER`.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { trainTextClassifier } from "../src/quality/trainTextClassifier.ts";

const folder = process.argv[2];
if (folder === undefined) throw new Error("writeClassifier: expected a folder");
const kinds = {
  good: "the theory explains how light travels through glass",
  bad: "click here now to win a cheap phone, größer 日本",
};
const examples = Object.entries(kinds).flatMap(([label, text]) =>
  Array.from({ length: 30 }, (_, i) => {
    const words = text.split(" ");
    return { label, text: [...words.slice(i % words.length), ...words.slice(0, i % words.length)].join(" ") };
  }),
);
const classifier = await trainTextClassifier(examples, { minSubword: 2, maxSubword: 4, wordNgrams: 3, buckets: 5000 });
await classifier.save(join(folder, "model.bin"));
const texts = [...Object.values(kinds), "light for a cheap phone", "", "unseen words only"];
const predicted = texts.map((text) => ({ text, predicted: classifier.predict(text, { count: 2 }) }));
writeFileSync(join(folder, "predicted.json"), JSON.stringify(predicted));
