// A page that shows a run while it trains: a small web server that passes the run's events on as they come (server-sent events).
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Executor } from "@llm/tensor";
import { TrainError } from "./errors.ts";
import type { TrainEvent } from "./events.ts";
import { liveViewPage } from "./liveViewPage.ts";
import { matmulPeak, shareOfPeak } from "./matmulPeak.ts";
import { ThinnedHistory } from "./thinnedHistory.ts";
import type { RunInformation, Tracker } from "./trackers/tracker.ts";

export interface LiveViewOptions {
  /** 0 for any that is free. Default 6060. */
  readonly port?: number;
  /** Who may look: the default 127.0.0.1 only this machine, "0.0.0.0" whoever reaches it. There is no password. */
  readonly host?: string;
  /** Called with the page's address once it is there. Default: a line on standard error. */
  readonly onListening?: (url: string) => void;
  /** The one that trains: its matrix products are the peak that the page compares with. Default: the default executor. */
  readonly executor?: Executor;
}

/** A viewer that has so many bytes waiting does not read them and is sent away. */
const mostBytesWaiting = 4e6;

/** What the page draws of an event. */
interface Point {
  readonly type: "step" | "evaluation";
  readonly step: number;
  readonly [name: string]: number | string;
}

/**
 * Serves the page from the first step to the last: loss, held-out loss, gradient norm, learning rate, speed, share of the machine's
 * matrix-product peak, memory of the process, waiting for data and time left. A page that is open when the run ends keeps what it shows.
 *
 * Starting the run throws a `TrainError` where the port is in use.
 *
 * @example
 * await new Trainer({ model, data, steps, trackers: [liveView({ port: 6060 })] }).run();
 */
export function liveView(options: LiveViewOptions = {}): Tracker {
  const { port = 6060, host = "127.0.0.1", executor } = options;
  const onListening = options.onListening ?? ((url) => void process.stderr.write(`live view: ${url}\n`));
  const viewers = new Set<ServerResponse>();
  const history = new ThinnedHistory<Point>();
  let run: (RunInformation & { peak: number }) | undefined;
  let server: Server | undefined;
  const tell = (name: string, data: unknown) => {
    for (const viewer of viewers) {
      if (viewer.writableLength > mostBytesWaiting) viewer.destroy();
      else viewer.write(serverSentEvent(name, data));
    }
  };
  const answer = ({ url = "/" }: IncomingMessage, response: ServerResponse) => {
    const path = url.split("?")[0];
    if (path === "/") {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(liveViewPage);
    } else if (path === "/events") {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(serverSentEvent("run", { ...run, points: history.points() }));
      viewers.add(response);
      response.on("close", () => viewers.delete(response));
    } else response.writeHead(404).end();
  };
  return {
    async start(information) {
      run = { ...information, peak: await matmulPeak(executor) };
      server = createServer(answer);
      await listen(server, port, host);
      const { port: used } = server.address() as AddressInfo;
      onListening(`http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${used}/`);
    },
    async record(event) {
      const point = pointOf(event, run!);
      if (!point) return;
      history.add(point);
      tell("point", point);
    },
    async rewindTo(step) {
      history.rewindTo(step);
      tell("rewind", step);
    },
    async finish(end) {
      tell("end", end);
      for (const viewer of viewers) viewer.end();
      server?.close();
      server?.closeIdleConnections();
      server = undefined;
    },
  };
}

function pointOf(event: TrainEvent, { parameters, peak }: { parameters: number; peak: number }): Point | undefined {
  if (event.type === "evaluation") return { type: event.type, step: event.step, loss: event.loss };
  if (event.type !== "step") return undefined;
  const { type, step, loss, gradientNorm, learningRate, tokensPerSecond, secondsLeft, dataWait } = event;
  const share = shareOfPeak(tokensPerSecond, parameters, peak);
  const memory = process.memoryUsage.rss();
  return { type, step, loss, gradientNorm, learningRate, tokensPerSecond, secondsLeft, dataWait, share, memory };
}

function serverSentEvent(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === "EADDRINUSE" ? "is in use" : `cannot be opened: ${error.message}`;
    throw new TrainError(
      `liveView: port ${port} of ${host} ${reason} (choose another port, or 0 for any that is free)`,
      {
        cause: error,
      },
    );
  });
}
