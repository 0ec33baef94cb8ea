import { TextGenerator } from "@llm/model";
import { afterEach, expect, test } from "vitest";
import { damaged, tinyServed } from "../test/tinyServed.ts";
import { Engine, type EngineOptions, type SequenceRequest } from "./engine.ts";
import { EngineClosedError, QueueFullError } from "./errors.ts";

const { model } = await tinyServed();
const engines: Engine[] = [];

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close({ timeoutMs: 0 })));
});

function start(options?: EngineOptions): Engine {
  const engine = new Engine(model, options);
  engines.push(engine);
  return engine;
}

/** A request and the ids it gets. */
function collecting(options: Partial<SequenceRequest> = {}): { request: SequenceRequest; ids: number[] } {
  const ids: number[] = [];
  const onToken = ({ id }: { id: number }) => {
    ids.push(id);
    return false;
  };
  return { request: { promptIds: [1, 2, 3], maxNewTokens: 12, onToken, ...options }, ids };
}

test("sequences that run together are what TextGenerator makes of each alone", async () => {
  const requests = [1, 2, 3, 4, 5, 6].map((seed) =>
    collecting({ seed, promptIds: Array.from({ length: seed }, (_, i) => i) }),
  );
  const engine = start({ maxRunning: 4 });
  expect(await Promise.all(engine.submit(requests.map(({ request }) => request)))).toEqual(
    Array(6).fill({ finishReason: "length", text: "" }),
  );
  const generator = new TextGenerator(model);
  for (const { request, ids } of requests) {
    const alone: number[] = [];
    const options = { maxNewTokens: 12, seed: request.seed! };
    for await (const id of generator.generate(request.promptIds, options)) alone.push(id);
    expect(ids).toEqual(alone);
  }
  generator.dispose();
});

test("a stop id ends with stop, also as the last token there was room for", async () => {
  const engine = start();
  const free = collecting({ seed: 3 });
  await Promise.all(engine.submit([free.request]));
  const stopId = free.ids[4]!;
  const before = free.ids.slice(0, free.ids.indexOf(stopId));
  const stopped = collecting({ seed: 3, stopIds: [stopId], maxNewTokens: before.length + 1 });
  expect(await engine.submit([stopped.request])[0]).toMatchObject({ finishReason: "stop" });
  expect(stopped.ids).toEqual(before);
});

test("the context ends a sequence with length", async () => {
  const { request, ids } = collecting({ promptIds: Array(60).fill(1), maxNewTokens: 1000 });
  expect(await start().submit([request])[0]).toMatchObject({ finishReason: "length" });
  expect(ids).toHaveLength(4);
});

test("onToken ends its sequence by returning true", async () => {
  let calls = 0;
  const { request } = collecting({ onToken: () => ++calls === 3 });
  expect(await start().submit([request])[0]).toMatchObject({ finishReason: "stop" });
  expect(calls).toBe(3);
});

test("no more run than may, the rest wait, and more are not taken", async () => {
  const engine = start({ maxRunning: 1, maxWaiting: 1 });
  const [a, b, c] = [collecting(), collecting(), collecting()];
  expect(() => engine.submit([a.request, b.request, c.request])).toThrow(QueueFullError);
  expect(engine.status).toMatchObject({ running: 0, waiting: 0 });
  const tasks = engine.submit([a.request, b.request]);
  expect(engine.status).toMatchObject({ running: 1, waiting: 1 });
  expect(() => engine.submit([c.request])).toThrow("engine: the queue has room for 0 more sequences, got 1");
  await Promise.all(tasks);
  expect(engine.status).toMatchObject({ running: 0, waiting: 0 });
  expect(await engine.submit([c.request])[0]).toMatchObject({ finishReason: "length" });
});

test("those who wait are served in order", async () => {
  const engine = start({ maxRunning: 1 });
  const order: number[] = [];
  const tasks = engine.submit([0, 1, 2].map(() => collecting({ maxNewTokens: 2 }).request));
  await Promise.all(
    tasks.map(async (task, index) => {
      await task;
      order.push(index);
    }),
  );
  expect(order).toEqual([0, 1, 2]);
});

test("an abort ends what runs and takes what waits out of the queue; the others go on", async () => {
  const engine = start({ maxRunning: 1 });
  const controller = new AbortController();
  const running = collecting({
    maxNewTokens: 50,
    onToken: () => {
      controller.abort(new Error("gone"));
      return false;
    },
  });
  const waiting = collecting();
  const other = collecting();
  const aborted = engine.submit([running.request, waiting.request], { signal: controller.signal });
  const kept = engine.submit([other.request]);
  expect((await Promise.allSettled(aborted)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(aborted[1]).rejects.toThrow("gone");
  expect(await kept[0]).toMatchObject({ finishReason: "length" });
  expect(waiting.ids).toEqual([]);
  expect(other.ids).toHaveLength(12);
});

test("a signal that is already aborted starts nothing", async () => {
  const engine = start();
  const { request, ids } = collecting();
  await expect(engine.submit([request], { signal: AbortSignal.abort(new Error("gone")) })[0]).rejects.toThrow("gone");
  expect(ids).toEqual([]);
  expect(engine.status.running).toBe(0);
});

test("close lets sequences end and takes no new one", async () => {
  const engine = start({ maxRunning: 1 });
  const [a, b] = [collecting(), collecting()];
  const tasks = engine.submit([a.request, b.request]);
  const closed = engine.close();
  expect(() => engine.submit([a.request])).toThrow(EngineClosedError);
  await closed;
  expect(await Promise.all(tasks)).toEqual([
    { finishReason: "length", text: "" },
    { finishReason: "length", text: "" },
  ]);
});

test("close aborts what does not end in time", async () => {
  const engine = start();
  const task = engine.submit([collecting({ maxNewTokens: 60 }).request])[0]!;
  const settled = task.catch((error: unknown) => error);
  await engine.close({ timeoutMs: 0 });
  expect(await settled).toBeInstanceOf(EngineClosedError);
});

test("an error of the model rejects its sequence and leaves the engine working", async () => {
  const engine = start({ maxRunning: 1 });
  const { request } = collecting();
  const [bad, good] = engine.submit([collecting({ promptIds: [99_999] }).request, request]);
  await expect(bad).rejects.toThrow("outside the vocabulary");
  expect(await good).toMatchObject({ finishReason: "length" });
});

test("warming up shows a broken model", async () => {
  const broken = new Engine(damaged(model));
  await expect(broken.warmUp()).rejects.toThrow("NaN (the model's weights may be damaged)");
  await broken.close();
});

test.each([{ maxRunning: 0 }, { maxRunning: 1.5 }, { maxWaiting: -1 }, { maxWaiting: Number.NaN }])(
  "%j is refused",
  (options) => {
    const [[name, value]] = Object.entries(options) as [[string, number]];
    expect(() => new Engine(model, options)).toThrow(
      `engine: ${name} must be a whole number, at least ${name === "maxRunning" ? 1 : 0}, got ${value}`,
    );
  },
);
