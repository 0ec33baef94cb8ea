import { PassThrough } from "node:stream";
import { referenceExecutor } from "@llm/tensor";
import { afterEach, expect, it, vi } from "vitest";
import type { EvaluationEvent, StepEvent } from "./events.ts";
import { progressBar } from "./progressBar.ts";

afterEach(() => vi.useRealTimers());

function fakeStream(isTTY: boolean): { stream: NodeJS.WriteStream; written: () => string } {
  let text = "";
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 120, rows: 20 });
  stream.on("data", (chunk) => {
    text += chunk;
  });
  for (const name of ["cursorTo", "moveCursor", "clearLine"]) Object.assign(stream, { [name]: () => true });
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => text };
}

function stepEvent(step: number, secondsLeft = 3725): StepEvent {
  return {
    type: "step",
    step,
    steps: 40,
    loss: 2.34567,
    learningRate: 1e-3,
    gradientNorm: 1,
    tokensPerSecond: 1234.5,
    secondsLeft,
    dataWait: 0,
  };
}

const evaluation: EvaluationEvent = { type: "evaluation", step: 20, loss: 1.5, best: true };
const run = { step: 20, steps: 40, parameters: 1000, settings: {} };

it("writes a line at once, then at most every ten seconds, and for the last step", async () => {
  vi.useFakeTimers();
  const { stream, written } = fakeStream(false);
  const progress = progressBar({ stream });
  for (let step = 1; step <= 39; step++) {
    await progress.record(stepEvent(step));
    vi.advanceTimersByTime(1000);
  }
  await progress.record(evaluation);
  await progress.record({ type: "checkpoint", step: 20, path: "runs/step-00000020" });
  const rolledBack = { step: 20, from: 39, path: "runs/step-00000020", limit: undefined, count: 1 };
  await progress.record({ type: "rollBack", what: "loss", value: Number.NaN, ...rolledBack });
  await progress.record(stepEvent(40, 0));
  await progress.finish("finished");
  expect(written().split("\n")).toEqual([
    "step 1/40: loss 2.3457, 1235 tokens/s, 1 h 2 min left",
    "step 11/40: loss 2.3457, 1235 tokens/s, 1 h 2 min left",
    "step 21/40: loss 2.3457, 1235 tokens/s, 1 h 2 min left",
    "step 31/40: loss 2.3457, 1235 tokens/s, 1 h 2 min left",
    "step 20: held-out loss 1.5000",
    "step 39: loss is NaN; back to step 20",
    "step 40/40: loss 2.3457, 1235 tokens/s, 0 s left",
    "",
  ]);
});

it("draws a bar in a terminal and gives the cursor back", async () => {
  const { stream, written } = fakeStream(true);
  const progress = progressBar({ stream, executor: referenceExecutor() });
  await progress.start(run);
  await progress.record(stepEvent(21, 90));
  await progress.record(evaluation);
  await progress.record(stepEvent(40, 0));
  await progress.finish("finished");
  expect(written()).toMatch(
    /21\/40 · loss 2.346 · 1235 tokens\/s \(\d+ % of peak\) · 1 min 30 s left · norm 1.0 · rate 1.0e-3 · \d.\d GB/,
  );
  expect(written()).toMatch(/█{16} 40\/40 · loss 2.346 · 1235 tokens\/s .* · 0 s left/);
  expect(written().lastIndexOf("\u001b[?25h")).toBeGreaterThan(written().indexOf("\u001b[?25l"));
});

it("stops quietly when nothing was shown", async () => {
  for (const isTTY of [true, false]) {
    const { stream, written } = fakeStream(isTTY);
    await progressBar({ stream }).finish("failed");
    expect(written()).toBe("");
  }
});
