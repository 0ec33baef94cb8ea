// The parts of the data report, each a piece of HTML, empty where there is nothing to tell.
import type { GroupReport } from "../groups/groupReport.ts";
import type { PipelineReport, StepReport } from "../pipeline.ts";
import { barChart, histogramChart } from "./charts.ts";
import type { CorpusStatistics } from "./corpusStatistics.ts";
import type { DropGroup } from "./droppedExamples.ts";
import { escapeHtml } from "./html.ts";

const languagesShown = 12;
const groupsShown = 8;

const whole = (value: number) => Math.round(value).toLocaleString("en");
const share = (part: number, all: number) => (all === 0 ? "–" : `${((100 * part) / all).toFixed(1)} %`);

/** How much there is. */
export function factsSection({ documents, characters, bytes, lengthQuantiles }: CorpusStatistics): string {
  const facts = [
    [whole(documents), "documents"],
    [compact(characters), "characters"],
    [`${compact(bytes)}B`, "as UTF-8"],
    [whole(lengthQuantiles.median), "characters in the middle document"],
  ];
  return `<div class="facts">${facts.map(([value, name]) => `<div><b>${value}</b><span>${name}</span></div>`).join("")}</div>`;
}

/** What was read, and what of it could not be, with the first faults to open. */
export function readingSection(pipelines: readonly PipelineReport[]): string {
  const source = pipelines[0]?.source;
  if (source === undefined) return "";
  const { files, documents, bytesRead, skipped, passedOver, replacedUtf8, problems } = source;
  const rows = [
    ...Object.entries(skipped).map(([reason, count]) => [`skipped: ${reason}`, count] as const),
    ...Object.entries(passedOver).map(([reason, count]) => [`passed over: ${reason}`, count] as const),
    ...(replacedUtf8 > 0 ? [["documents with invalid UTF-8 replaced", replacedUtf8] as const] : []),
  ];
  const lines = rows.map(
    ([what, count]) => `<tr><th scope="row">${escapeHtml(what)}</th><td class="number">${whole(count)}</td></tr>`,
  );
  const table = lines.length === 0 ? "" : `<table class="grid">${lines.join("")}</table>`;
  const faults = problems.map((problem) => `<blockquote>${escapeHtml(problem)}</blockquote>`).join("");
  const details = problems.length === 0 ? "" : `<details><summary><b>The first faults</b></summary>${faults}</details>`;
  const faultless = rows.length === 0 ? " Nothing had to be skipped." : "";
  return `<h2>Reading</h2><p>${whole(documents)} documents in ${whole(files)} ${files === 1 ? "file" : "files"}, ${compact(bytesRead)}B.${faultless}</p>${table}${details}`;
}

/** What each step let through. */
export function stepSection(pipelines: readonly PipelineReport[]): string {
  if (pipelines.length === 0) return "";
  const rows = pipelines.flatMap(({ steps }) => steps.map(stepRow));
  const first = pipelines[0]!.in;
  const last = pipelines.at(-1)!.out;
  return `<h2>Steps</h2><p>${whole(first.documents)} documents came in, ${whole(last.documents)} came out with ${share(last.characters, first.characters)} of the characters.</p>
<div class="wide"><table class="grid"><thead><tr><th>step</th><th class="number">in</th><th class="number">dropped</th><th class="number">characters, change</th></tr></thead>${rows.join("")}</table></div>`;
}

function stepRow({ name, in: before, out, dropped }: StepReport): string {
  const drops = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  const change = before.characters === 0 ? 0 : (100 * (out.characters - before.characters)) / before.characters;
  const size = Math.abs(change).toFixed(1);
  const characters = `${Number(size) === 0 ? "" : change > 0 ? "+" : "−"}${size} %`;
  // A narrow page breaks a step's name before its capitals.
  const title = escapeHtml(name).replace(/(?=[A-Z])/g, "<wbr>");
  return `<tr><th scope="row">${title}</th><td class="number">${whole(before.documents)}</td><td class="number">${whole(drops)} (${share(drops, before.documents)})</td><td class="number">${characters}</td></tr>`;
}

/** What was dropped and why, with examples to open. */
export function dropSection(groups: readonly DropGroup[]): string {
  if (groups.length === 0) return "";
  const items = groups.map(({ step, reason, count, examples }) => {
    const figures = examples.map(
      ({ id, text }) =>
        `<figure><figcaption>${escapeHtml(id)}</figcaption><blockquote>${escapeHtml(text)}</blockquote></figure>`,
    );
    return `<details><summary><b>${escapeHtml(step)}: ${escapeHtml(reason)}</b><span>${whole(count)}</span></summary>${figures.join("")}</details>`;
  });
  return `<h2>Dropped</h2><p>By reason; open one for examples drawn at random.</p>${items.join("")}`;
}

/** Exact and near-duplicates among what came to the steps that look for them. */
export function duplicateSection(pipelines: readonly PipelineReport[]): string {
  const rows = pipelines
    .flatMap(({ steps }) => steps)
    .flatMap((step) =>
      Object.entries(step.dropped)
        .filter(([reason]) => /duplicate/i.test(reason))
        .map(([reason, count]) => ({
          label: reason,
          value: count,
          text: `${whole(count)} (${share(count, step.in.documents)})`,
        })),
    );
  return rows.length === 0 ? "" : `<h2>Duplicates</h2>${barChart(rows, "Duplicates by kind")}`;
}

/** How long the documents are. */
export function lengthSection({ lengths, lengthQuantiles: { low, median, high } }: CorpusStatistics): string {
  const text = `Nine of ten documents have ${whole(low)} to ${whole(high)} characters, the middle one ${whole(median)}.`;
  const chart = histogramChart(lengths, {
    title: "Documents by length",
    xTitle: "characters (each range 1.4 times the one before)",
  });
  return `<h2>Lengths</h2><p>${text}</p>${chart}`;
}

/** The most frequent languages. */
export function languageSection({ languages, sampled, documents }: CorpusStatistics): string {
  const rest = languages.slice(languagesShown);
  const others = rest.reduce((sum, [, count]) => sum + count, 0);
  const rows = [
    ...languages.slice(0, languagesShown),
    ...(others > 0 ? ([[`${rest.length} others`, others]] as const) : []),
  ];
  const bars = rows.map(([code, count]) => ({ label: languageName(code), value: count, text: share(count, sampled) }));
  return `<h2>Languages</h2><p>${documents > sampled ? `Of a random sample of ${whole(sampled)} documents.` : "Of all documents."}</p>${barChart(bars, "Documents by language")}`;
}

/** Scores that steps noted, and how likely the letters are. */
export function qualitySection({ quality }: CorpusStatistics): string {
  const charts = quality.map(
    ({ name, explanation, histogram }) =>
      `<h3>${escapeHtml(name)}</h3><p>${escapeHtml(explanation)}</p>${histogramChart(histogram, { title: name, xTitle: name.toLowerCase() })}`,
  );
  return charts.length === 0 ? "" : `<h2>Quality</h2>${charts.join("")}`;
}

/** Mentions of groups of people, attribute by attribute. */
export function groupSection({ attributes, documents }: GroupReport): string {
  const charts = Object.entries(attributes)
    .map(([attribute, groups]) => {
      const mentioned = Object.entries(groups)
        .filter(([, { mentions }]) => mentions > 0)
        .sort(([, a], [, b]) => b.mentions - a.mentions);
      const rows = mentioned.slice(0, groupsShown).map(([group, { mentions, share: part, sentiment }]) => {
        const tone = sentiment === undefined ? "" : `, tone ${sentiment.toFixed(1).replace("-", "−")}`;
        return { label: groupName(attribute, group), value: mentions, text: `${percentage(part)}${tone}` };
      });
      const rest = mentioned.slice(groupsShown);
      const restShare = rest.reduce((sum, [, group]) => sum + group.share, 0);
      const restMentions = rest.reduce((sum, [, { mentions }]) => sum + mentions, 0);
      if (rest.length > 0)
        rows.push({ label: `${rest.length} others`, value: restMentions, text: percentage(restShare) });
      return rows.length === 0
        ? ""
        : `<h3>${escapeHtml(attribute[0]!.toUpperCase() + attribute.slice(1))}</h3>${barChart(rows, `Mentions by ${attribute}`)}`;
    })
    .join("");
  if (charts === "") return "";
  return `<h2>Groups of people</h2><p>Share of the mentions in ${whole(documents)} documents, and the tone of the words near them from −5 to 5.</p>${charts}`;
}

/** A share of mentions, none of which is shown as nothing. */
function percentage(part: number): string {
  return part < 0.005 ? "< 1 %" : `${(100 * part).toFixed(0)} %`;
}

function compact(value: number): string {
  const [size, unit] = value >= 1e9 ? [1e9, "G"] : value >= 1e6 ? [1e6, "M"] : value >= 1e3 ? [1e3, "k"] : [1, ""];
  return `${Number((value / size).toPrecision(3))} ${unit}`;
}

const languages = new Intl.DisplayNames("en", { type: "language", fallback: "code" });
const regions = new Intl.DisplayNames("en", { type: "region", fallback: "code" });

function languageName(code: string): string {
  return nameOf(languages, code) ?? code;
}

/** Nationalities are codes of countries, other groups words in camel case. */
function groupName(attribute: string, group: string): string {
  const country = attribute === "nationality" ? nameOf(regions, group.toUpperCase()) : undefined;
  return country ?? group.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}

function nameOf(names: Intl.DisplayNames, code: string): string | undefined {
  try {
    return names.of(code);
  } catch {
    // Labels of other classifiers and lexicons need not be codes.
    return undefined;
  }
}
