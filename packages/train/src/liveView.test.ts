import { get, type IncomingMessage } from "node:http";
import { referenceExecutor } from "@llm/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { evaluationEvent, runAt, stepEvent } from "../test/trackedRun.ts";
import { liveView } from "./liveView.ts";
import { ThinnedHistory } from "./thinnedHistory.ts";
import type { Tracker } from "./trackers/tracker.ts";

let url: string;
let view: Tracker;
beforeEach(() => {
  const onListening = (listening: string) => {
    url = listening;
  };
  view = liveView({ port: 0, executor: referenceExecutor(), onListening });
});
afterEach(() => view.finish("finished"));

interface SentEvent {
  readonly name: string;
  readonly data: unknown;
}

/** A viewer of the page's stream of events. */
async function openViewer(): Promise<{ next(): Promise<SentEvent>; ended: Promise<void> }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(new URL("events", url), resolve).on("error", reject);
  });
  expect(response.headers["content-type"]).toBe("text/event-stream");
  let text = "";
  let wake = () => {};
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    wake();
  });
  const next = async (): Promise<SentEvent> => {
    while (!text.includes("\n\n")) await new Promise<void>((resolve) => (wake = resolve));
    const [message] = text.split("\n\n", 1);
    text = text.slice(message!.length + 2);
    const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(message!)!;
    return { name: name!, data: JSON.parse(data!) };
  };
  const ended = new Promise<void>((resolve) => response.on("end", resolve));
  return { next, ended };
}

describe("liveView", () => {
  it("serves one page without anything from elsewhere, and nothing else", async () => {
    await view.start(runAt(0));
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const page = await (await fetch(url)).text();
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain('new EventSource("events")');
    expect(page.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|src=|@import/);
    expect((await fetch(new URL("other", url))).status).toBe(404);
  });

  it("tells a viewer the run so far, then each event, what is taken back, and the end", async () => {
    await view.start(runAt(3));
    await view.record(stepEvent(4));
    await view.record({ type: "checkpoint", step: 4, path: "step-4" });
    const { next, ended } = await openViewer();
    const run = await next();
    expect(run).toMatchObject({ name: "run", data: { step: 3, steps: 100, parameters: 1000 } });
    const { peak, points } = run.data as { peak: number; points: Record<string, number>[] };
    expect(points).toHaveLength(1);
    expect(points[0]).toMatchObject({
      type: "step",
      step: 4,
      loss: 6,
      gradientNorm: 2,
      tokensPerSecond: 1000,
      dataWait: 0.25,
    });
    expect(points[0]!.share).toBeCloseTo((6 * 1000 * 1000) / peak, 12);
    expect(points[0]!.memory).toBeGreaterThan(1e7);
    await view.record(stepEvent(5));
    await view.record(evaluationEvent(5));
    await view.rewindTo(4);
    expect(await next()).toMatchObject({ name: "point", data: { type: "step", step: 5 } });
    expect(await next()).toEqual({ name: "point", data: { type: "evaluation", step: 5, loss: 1.5 } });
    expect(await next()).toEqual({ name: "rewind", data: 4 });
    const second = await openViewer();
    expect(((await second.next()).data as { points: unknown[] }).points).toHaveLength(1);
    await view.finish("stopped");
    expect(await next()).toEqual({ name: "end", data: "stopped" });
    await Promise.all([ended, second.ended]);
    await expect(fetch(url)).rejects.toThrow();
  });

  it("says that a port is in use", async () => {
    await view.start(runAt(0));
    const { port } = new URL(url);
    const other = liveView({ port: Number(port), executor: referenceExecutor() });
    await expect(other.start(runAt(0))).rejects.toThrow(
      `liveView: port ${port} of 127.0.0.1 is in use (choose another port, or 0 for any that is free)`,
    );
    await other.finish("failed");
  });
});

describe("ThinnedHistory", () => {
  it("keeps the shape of a long curve in few points, each type by itself", () => {
    const history = new ThinnedHistory<{ type: string; step: number }>();
    for (let step = 1; step <= 10_000; step++) history.add({ type: "step", step });
    for (const step of [100, 200]) history.add({ type: "evaluation", step });
    const steps = history.points().flatMap(({ type, step }) => (type === "step" ? [step] : []));
    expect(steps.length).toBeLessThanOrEqual(2000);
    expect(steps.length).toBeGreaterThan(1000);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect([steps[0], steps.at(-1)]).toEqual([1, 10_000]);
    history.rewindTo(150);
    expect(history.points().every(({ step }) => step <= 150)).toBe(true);
    expect(history.points().filter(({ type }) => type === "evaluation")).toEqual([{ type: "evaluation", step: 100 }]);
  });
});
