// The page of liveView.ts: one document without anything from elsewhere.

const style = `
:root { color-scheme: light dark; --ink: light-dark(#1c2330, #e6e9ef); --soft: light-dark(#667085, #98a1b3);
  --paper: light-dark(#f5f6f8, #12151b); --card: light-dark(#fff, #1b2029); --line: light-dark(#e3e6eb, #2c333f);
  --train: light-dark(#2f6fde, #6ea1ff); --held-out: light-dark(#d9622b, #ff9a66); }
* { box-sizing: border-box; }
body { margin: 0; padding: 24px clamp(16px, 4vw, 48px); background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
header { display: flex; align-items: baseline; gap: 12px; margin-bottom: 12px; }
h1 { font-size: 20px; margin: 0; }
#state { color: var(--soft); }
#bar { height: 6px; border-radius: 3px; background: var(--line); overflow: hidden; margin-bottom: 20px; }
#bar > div { height: 100%; width: 0; background: var(--train); transition: width .3s; }
#numbers { display: grid; grid-template-columns: repeat(2, 1fr); gap: 12px; margin: 0 0 20px; }
@media (min-width: 640px) { #numbers { grid-template-columns: repeat(4, 1fr); } }
@media (min-width: 1500px) { #numbers { grid-template-columns: repeat(8, 1fr); } }
#numbers div, figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 2px 0 0; font-size: 20px; font-weight: 600; white-space: nowrap; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 12px; }
figure { margin: 0; }
figure.wide { grid-column: 1 / -1; }
figcaption { display: flex; justify-content: space-between; color: var(--soft); font-size: 13px; margin-bottom: 6px; }
figcaption b { color: var(--ink); font-size: 14px; }
.training { color: var(--train); } span.held-out { color: var(--held-out); margin-left: 8px; }
svg { display: block; width: 100%; height: 200px; overflow: visible; }
.wide svg { height: 300px; }
svg text { fill: var(--soft); font-size: 11px; }
svg .grid { stroke: var(--line); }
svg path { fill: none; stroke: var(--train); stroke-width: 1.6; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
svg .raw { stroke-opacity: .3; stroke-width: 1; }
svg .held-out { stroke: var(--held-out); } svg circle { fill: var(--held-out); }
`;

// Plain JavaScript for the browser; no backticks, so that it can stand in a template.
const script = `
"use strict";
const points = { step: [], evaluation: [] };
let run = { steps: 0 };
const number = (value) => value.toLocaleString("en", { maximumSignificantDigits: 4 });
const whole = (value) => Math.round(value).toLocaleString("en");
const small = (value) => value === 0 ? "0" : Math.abs(value) < 0.01 || Math.abs(value) >= 1e5 ? value.toExponential(1) : number(value);
const duration = (seconds) => {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return Math.round(seconds) + " s";
  return minutes < 60 ? minutes + " min " + Math.round(seconds % 60) + " s" : Math.floor(minutes / 60) + " h " + (minutes % 60) + " min";
};
const tiles = {
  "step": (p) => whole(p.step) + " / " + whole(run.steps),
  "loss": (p) => p.loss.toFixed(4),
  "held-out loss": () => points.evaluation.length ? points.evaluation.at(-1).loss.toFixed(4) : "–",
  "tokens per second": (p) => whole(p.tokensPerSecond),
  "share of peak": (p) => (100 * p.share).toFixed(0) + " %",
  "waiting for data": (p) => waiting().toFixed(1) + " %",
  "memory": (p) => (p.memory / 1e9).toFixed(2) + " GB",
  "time left": (p) => duration(p.secondsLeft),
};
const waiting = () => {
  const last = points.step.slice(-20);
  const spent = last.reduce((sum, p) => sum + p.dataWait, 0);
  const p = last.at(-1);
  const step = p.secondsLeft / Math.max(1, run.steps - p.step);
  return run.steps === p.step || step === 0 ? 0 : Math.min(100, 100 * spent / (step * last.length));
};
const charts = [
  { title: "loss", wide: true, of: "loss", smooth: true, heldOut: true },
  { title: "gradient norm", of: "gradientNorm", smooth: true },
  { title: "learning rate", of: "learningRate" },
  { title: "tokens per second", of: "tokensPerSecond", fromZero: true },
  { title: "memory in GB", of: "memory", scale: 1e-9, fromZero: true },
];
const element = (name, attributes, ...children) => {
  const svg = ["svg", "path", "line", "text", "circle"].includes(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
};
for (const name of Object.keys(tiles)) {
  const value = element("dd", {}, "–");
  document.querySelector("#numbers").append(element("div", {}, element("dt", {}, name), value));
  tiles[name] = { text: tiles[name], value };
}
for (const chart of charts) {
  chart.svg = element("svg");
  chart.now = element("span");
  const figure = element("figure", chart.wide ? { class: "wide" } : {}, element("figcaption", {}, element("b", {}, chart.title), chart.now), chart.svg);
  document.querySelector("main").append(figure);
}
const ticks = (low, high, count) => {
  const raw = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * unit).find((s) => s >= raw);
  const all = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) all.push(i * step);
  return all;
};
const smoothed = (values) => {
  const sums = [0];
  for (const value of values) sums.push(sums.at(-1) + value);
  const reach = Math.ceil(values.length / 60);
  return values.map((_, i) => {
    const from = Math.max(0, i - reach), to = Math.min(values.length, i + reach + 1);
    return (sums[to] - sums[from]) / (to - from);
  });
};
const draw = (chart) => {
  const { svg } = chart;
  const width = svg.clientWidth, height = svg.clientHeight, left = 52, bottom = 20, top = 6;
  const curve = points.step.filter((p) => Number.isFinite(p[chart.of])).map((p) => [p.step, p[chart.of] * (chart.scale || 1)]);
  const held = chart.heldOut ? points.evaluation.map((p) => [p.step, p.loss]) : [];
  if (curve.length === 0) return;
  const all = [...curve, ...held];
  const steps = all.map((p) => p[0]), values = all.map((p) => p[1]);
  const first = Math.min(...steps), last = Math.max(...steps, first + 1);
  let low = chart.fromZero ? 0 : Math.min(...values), high = Math.max(...values);
  if (high - low < 1e-12 + 1e-6 * Math.abs(high)) [low, high] = high === 0 ? [0, 1] : [low - Math.abs(low) * 0.05, high + Math.abs(high) * 0.05];
  if (chart.fromZero) high *= 1.05;
  const x = (step) => left + (step - first) / (last - first) * (width - left - 8);
  const y = (value) => top + (high - value) / (high - low) * (height - top - bottom);
  const path = (list) => list.map((p, i) => (i ? "L" : "M") + x(p[0]).toFixed(1) + " " + y(p[1]).toFixed(1)).join("");
  const parts = [];
  for (const tick of ticks(low, high, 4)) {
    parts.push(element("line", { class: "grid", x1: left, x2: width - 8, y1: y(tick), y2: y(tick) }));
    parts.push(element("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, small(tick)));
  }
  for (const tick of ticks(first, last, 8).filter(Number.isInteger)) {
    parts.push(element("text", { x: x(tick), y: height - 3, "text-anchor": "middle" }, number(tick)));
  }
  parts.push(element("path", { class: chart.smooth ? "raw" : "", d: path(curve) }));
  if (chart.smooth) {
    const means = smoothed(curve.map((p) => p[1]));
    parts.push(element("path", { d: path(curve.map((p, i) => [p[0], means[i]])) }));
  }
  if (held.length > 1) parts.push(element("path", { class: "held-out", d: path(held) }));
  for (const p of held) parts.push(element("circle", { cx: x(p[0]), cy: y(p[1]), r: 3 }));
  svg.replaceChildren(...parts);
  const legend = (name, list) => element("span", { class: name }, name + " " + small(list.at(-1)[1]));
  chart.now.replaceChildren(...(held.length ? [legend("training", curve), " ", legend("held-out", held)] : [small(curve.at(-1)[1])]));
};
let due = false;
const show = () => {
  due = false;
  const newest = points.step.at(-1);
  if (!newest) return;
  for (const { text, value } of Object.values(tiles)) value.textContent = text(newest);
  document.querySelector("#bar > div").style.width = 100 * newest.step / run.steps + "%";
  document.title = newest.step + " · " + newest.loss.toFixed(3);
  charts.forEach(draw);
};
const changed = () => { if (!due) { due = true; requestAnimationFrame(show); } };
const add = (point) => {
  const list = points[point.type];
  list.push(point);
  if (list.length > 4000) points[point.type] = list.filter((_, i) => i % 2 === 0);
};
const state = (text) => { document.querySelector("#state").textContent = text; };
const source = new EventSource("events");
source.addEventListener("run", ({ data }) => {
  run = JSON.parse(data);
  points.step = []; points.evaluation = [];
  run.points.forEach(add);
  const millions = run.parameters / 1e6;
  state("training " + (millions < 1 ? whole(run.parameters) : number(millions) + " M") + " parameters");
  changed();
});
source.addEventListener("point", ({ data }) => { add(JSON.parse(data)); changed(); });
source.addEventListener("rewind", ({ data }) => {
  for (const type of Object.keys(points)) points[type] = points[type].filter((p) => p.step <= Number(data));
  changed();
});
source.addEventListener("end", ({ data }) => { source.close(); state(JSON.parse(data)); });
source.onerror = () => state("the run cannot be reached");
addEventListener("resize", changed);
`;

export const liveViewPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Training</title><style>${style}</style></head>
<body>
<header><h1>Training</h1><span id="state">waiting for the first step</span></header>
<div id="bar"><div></div></div>
<dl id="numbers"></dl>
<main></main>
<script>${script}</script>
</body>
</html>
`;
