// Against a small server that speaks the part of MLflow's REST API that is used.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { evaluationEvent, runAt, stepEvent } from "../../test/trackedRun.ts";
import { mlflowTracker } from "./mlflow.ts";
import type { MlflowMetric } from "./mlflowClient.ts";

interface Run {
  experiment: string;
  name: string;
  status: string;
  params: Record<string, string>;
  metrics: MlflowMetric[];
}

let server: Server;
let url: string;
let experiments: string[];
let runs: Run[];
let authorization: (string | undefined)[];
/** Answer the next so many batches with an error. */
let failures: number;

beforeEach(async () => {
  [experiments, runs, authorization, failures] = [[], [], [], 0];
  server = createServer(async (request, response) => {
    authorization.push(request.headers.authorization);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname, searchParams } = new URL(request.url!, "http://localhost");
    const parameters =
      chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : Object.fromEntries(searchParams);
    const [status, body] = answer(`${request.method} ${pathname.replace("/api/2.0/mlflow/", "")}`, parameters);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function answer(call: string, body: Record<string, string>): [number, object] {
  const { experiment_name = "", name = "", experiment_id = "", run_name = "", filter = "", status = "" } = body;
  const run = runs[Number(body.run_id)];
  switch (call) {
    case "GET experiments/get-by-name":
      return experiments.includes(experiment_name)
        ? [200, { experiment: { experiment_id: experiment_name } }]
        : [404, { error_code: "RESOURCE_DOES_NOT_EXIST", message: "no such experiment" }];
    case "POST experiments/create":
      experiments.push(name);
      return [200, { experiment_id: name }];
    case "POST runs/create":
      runs.push({ experiment: experiment_id, name: run_name, status: "RUNNING", params: {}, metrics: [] });
      return [200, { run: { info: { run_id: String(runs.length - 1) } } }];
    case "POST runs/search": {
      const wanted = /^attributes\.run_name = "(.*)"$/.exec(filter)![1];
      const found = runs.findLastIndex((candidate) => candidate.name === wanted);
      return [200, found < 0 ? {} : { runs: [{ info: { run_id: String(found) } }] }];
    }
    case "POST runs/log-batch": {
      const { metrics = [], params = [] } = body as {
        metrics?: MlflowMetric[];
        params?: { key: string; value: string }[];
      };
      if (failures > 0 && metrics.length > 0) {
        failures--;
        return [503, { error_code: "TEMPORARILY_UNAVAILABLE", message: "come back later" }];
      }
      expect(metrics.length).toBeLessThanOrEqual(1000);
      run!.metrics.push(...metrics);
      for (const { key, value } of params) run!.params[key] = value;
      return [200, {}];
    }
    case "GET metrics/get-history": {
      // Two values a page.
      const values = run!.metrics.filter(({ key }) => key === body.metric_key);
      const from = Number(body.page_token ?? 0);
      const next = from + 2 < values.length ? { next_page_token: String(from + 2) } : {};
      return [200, { metrics: values.slice(from, from + 2), ...next }];
    }
    case "POST runs/update":
      run!.status = status;
      return [200, {}];
    default:
      return [400, { message: `unexpected ${call}` }];
  }
}

const newTracker = () =>
  mlflowTracker({ url: `${url}/`, experiment: "stories", name: "it's first", headers: { authorization: "Bearer x" } });
const valuesOf = (run: Run, key: string) =>
  run.metrics.flatMap((metric) => (metric.key === key ? [[metric.step, metric.value]] : []));

describe("mlflowTracker", () => {
  it("makes experiment and run, sends settings and numbers, and tells the end", async () => {
    const tracker = newTracker();
    await tracker.start(runAt(0));
    for (let step = 1; step <= 300; step++) await tracker.record(stepEvent(step));
    await tracker.record(evaluationEvent(300));
    await tracker.record({ type: "checkpoint", step: 300, path: "step-300" });
    await tracker.finish("finished");
    expect(experiments).toEqual(["stories"]);
    expect(runs).toHaveLength(1);
    const [run] = runs;
    expect(run).toMatchObject({ experiment: "stories", name: "it's first", status: "FINISHED" });
    expect(run!.params).toEqual({ seed: "3", "optimizer.name": "adamw", "optimizer.beta1": "0.9", shuffled: "true" });
    expect(valuesOf(run!, "train/loss")).toEqual(Array.from({ length: 300 }, (_, i) => [i + 1, 9 - i]));
    expect(valuesOf(run!, "eval/accuracy")).toEqual([[300, 0.75]]);
    expect(run!.metrics).toHaveLength(300 * 5 + 2);
    expect(new Set(authorization)).toEqual(new Set(["Bearer x"]));
  });

  it("goes on in the run of the same name and sends again only what came out differently", async () => {
    const before = newTracker();
    await before.start(runAt(0));
    for (let step = 1; step <= 5; step++) await before.record(stepEvent(step));
    await before.record(evaluationEvent(5));
    await before.finish("failed");
    expect(runs[0]!.status).toBe("FAILED");
    const tracker = newTracker();
    await tracker.start(runAt(2));
    expect(runs[0]!.status).toBe("RUNNING");
    await tracker.record(stepEvent(3));
    await tracker.record(stepEvent(4, 100));
    await tracker.record(stepEvent(5, 100));
    await tracker.record(evaluationEvent(5, 99));
    await tracker.record(stepEvent(6));
    await tracker.finish("stopped");
    expect(runs).toHaveLength(1);
    expect(runs[0]!.status).toBe("KILLED");
    const losses = valuesOf(runs[0]!, "train/loss");
    expect(losses).toEqual([...[1, 2, 3, 4, 5].map((step) => [step, 10 - step]), [4, 100], [5, 100], [6, 4]]);
    expect(valuesOf(runs[0]!, "eval/loss")).toEqual([
      [5, 1.5],
      [5, 99],
    ]);
  });

  it("forgets what a roll-back took back before it was sent", async () => {
    const tracker = newTracker();
    await tracker.start(runAt(0));
    for (const step of [1, 2, 3]) await tracker.record(stepEvent(step));
    await tracker.rewindTo(1);
    await tracker.record(stepEvent(2, 50));
    await tracker.finish("finished");
    expect(valuesOf(runs[0]!, "train/loss")).toEqual([
      [1, 9],
      [2, 50],
    ]);
  });

  it("tries again what a server refused, in order", async () => {
    const tracker = newTracker();
    await tracker.start(runAt(0));
    failures = 2;
    for (const step of [1, 2]) await tracker.record(stepEvent(step));
    await tracker.finish("finished");
    expect(valuesOf(runs[0]!, "train/loss")).toEqual([
      [1, 9],
      [2, 8],
    ]);
  });

  it("sends while the run goes on, and with each checkpoint", async () => {
    const tracker = mlflowTracker({ url, experiment: "stories", name: "first", interval: 0.01 });
    await tracker.start(runAt(0));
    await tracker.record(stepEvent(1));
    const arrived = (losses: number[][]) =>
      vi.waitFor(() => expect(valuesOf(runs.at(-1)!, "train/loss")).toEqual(losses), { timeout: 10_000 });
    await arrived([[1, 9]]);
    await tracker.finish("finished");
    const seldom = mlflowTracker({ url, experiment: "stories", name: "second", interval: 1000 });
    await seldom.start(runAt(0));
    await seldom.record(stepEvent(1));
    await seldom.record({ type: "checkpoint", step: 1, path: "step-1" });
    await arrived([[1, 9]]);
    await seldom.finish("finished");
  });

  it("warns of what could not be delivered in the end, and does not fail the run", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const tracker = newTracker();
    await tracker.start(runAt(0));
    failures = Number.POSITIVE_INFINITY;
    await tracker.record(stepEvent(1));
    await tracker.finish("finished");
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      `mlflowTracker: ${url}/api/2.0/mlflow/runs/log-batch answered 503: come back later; 5 numbers of the run were not delivered`,
    );
    warn.mockRestore();
  });

  it("says at the start that the server cannot be reached, and refuses a name that cannot be searched for", async () => {
    const tracker = mlflowTracker({ url: "http://127.0.0.1:1", experiment: "x", name: "y" });
    await expect(tracker.start(runAt(0))).rejects.toThrow(
      /^mlflowTracker: http:\/\/127\.0\.0\.1:1\/api\/2\.0\/mlflow\/experiments\/get-by-name\?experiment_name=x cannot be reached: .* \(is the server running\?\)$/,
    );
    expect(() => mlflowTracker({ url, experiment: "x", name: 'a "name"' })).toThrow(
      `mlflowTracker: the run's name must not have double quotes, got a "name"`,
    );
  });
});
